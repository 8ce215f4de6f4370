"""A Django project in one file that publishes once a transaction has been committed.

python django_app.py migrate && python django_app.py runserver
"""

import os
import sys

import accounts_stubs as accounts
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

from boilermaker import SyncClient

settings.configure(
    SECRET_KEY="an example's",  # noqa: S106 - it protects nothing
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DATABASE", ":memory:")}
    },
)
publisher = SyncClient.from_env()


def register(request: HttpRequest) -> JsonResponse:
    """Store the address, and publish the registration after the commit; nothing is published after a rollback."""
    email = str(request.POST["email"])
    user = accounts.create_user(email=email, name=str(request.POST["name"]))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS signup (email TEXT UNIQUE)")
            cursor.execute("INSERT OR IGNORE INTO signup VALUES (%s)", [email])
            is_new = cursor.rowcount == 1
        if is_new:
            transaction.on_commit(lambda: publisher.publish(user, timeout=10))
        if email.endswith(".invalid"):
            transaction.set_rollback(True)
    return JsonResponse({"email": email, "is_new": is_new}, status=202)


urlpatterns = [path("users", register)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
