import elsewhere

__all__ = dir(elsewhere)


class Hidden:
    pass
