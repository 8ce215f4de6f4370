"""Has a `register` and a `task` that are none of ours."""


class Registry:
    def register(self, function):
        return function

    def task(self, function):
        return function


def setup(registry, plugins):
    registry.register(setup)
    plugins.task(setup)

    @plugins.task
    def inner(x): ...


Registry().register(setup)
