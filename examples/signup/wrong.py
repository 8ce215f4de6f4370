"""Three mistakes that a dictionary would have carried into production. mypy finds them all."""

import accounts_stubs as accounts

user = accounts.create_user(email="ada@example.org", name="Ada")

accounts.create_user(mail="ada@example.org", name="Ada")  # the parameter is called `email`
accounts.send_welcome_email(user_id="ada@example.org")  # a user id is no text
accounts.validate_data(batch=user.result)  # a user is no batch
