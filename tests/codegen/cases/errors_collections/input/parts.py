from boilermaker import Tasks

conditional = Tasks()


def make():
    return Tasks()
