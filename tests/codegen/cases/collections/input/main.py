from accounts import mails, users
from accounts.users import fluent as more
from boilermaker import Boilermaker, InMemoryServiceBus, Tasks


def make_worker() -> Boilermaker[object]:
    worker = Boilermaker(object(), InMemoryServiceBus(), queue="collections")
    worker.include(mails.tasks).include(users.collected)
    return worker


def extend(worker):
    worker.include(more)


worker = make_worker()
extend(worker)


class Router:
    def include(self, *parts): ...


router = Router()
router.include(1, 2)
router.include(mails)
