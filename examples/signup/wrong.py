"""Three mistakes that an untyped payload would bring to production. mypy reports all of them."""

import accounts_stubs as accounts

user = accounts.create_user(email="ada@example.org", name="Ada")

accounts.create_user(mail="ada@example.org", name="Ada")  # the parameter is called `email`
accounts.send_welcome_email(user_id="ada@example.org")  # a user id is not a string
accounts.validate_data(batch=user.result)  # a user id is not a batch
