"""Names of methods as text that reach no worker's method."""

import operator
from operator import attrgetter

from app import worker


class Row:
    task = "a"
    register = 1


SETTINGS = {"task": 1}

print(worker.queue, getattr(Row(), "task"), attrgetter("task")(Row()), Row().__getattribute__("register"))
print(sorted([Row()], key=attrgetter("task")), operator.methodcaller("get", "task")(SETTINGS))
print(SETTINGS.get("task"), dict("task"), "register".split("task"), print("register_async"), hasattr(worker, "task"))
