from boilermaker import Boilermaker, InMemoryServiceBus


def make():
    return Boilermaker(object(), InMemoryServiceBus(), queue="errors-registrations")


def make_typed() -> Boilermaker[object]:
    return make()


worker = make_typed()
mystery = make()
