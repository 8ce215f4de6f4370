"""A Flask application that publishes from its views. All request threads share one client.

flask --app flask_app run
"""

import accounts_stubs as accounts
from flask import Flask, Response, jsonify, request

from boilermaker import SyncClient
from boilermaker.errors import PublishError

app = Flask(__name__)
publisher = SyncClient.from_env()  # connects on the first publish, in each process that the server forks


@app.post("/users")
def register() -> tuple[Response, int]:
    """Publish a registration and return the workflow's id."""
    user = accounts.create_user(email=request.form["email"], name=request.form["name"])
    mail = accounts.send_welcome_email(user_id=user.result)
    return jsonify(workflow=publisher.publish(user >> mail, timeout=10)), 202


@app.errorhandler(PublishError)
def apologize(error: PublishError) -> tuple[Response, int]:
    """The broker cannot be reached, or has not answered; publishing again under the same id is safe."""
    return jsonify(workflow=error.id, error="not published, or not confirmed"), 503
