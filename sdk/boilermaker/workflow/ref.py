"""References: typed placeholders for results that do not exist yet. Which references are valid is checked in `plan`."""

from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)

RefKind = Literal["result", "result_or_none", "cause"]


class Ref(Generic[R_co]):
    """A placeholder for a value that an earlier step of the same workflow will produce.

    Created by `task.result`, `task.result.or_none()` and `failure.cause`, never directly. The worker replaces it with the
    value just before it runs the step that refers to it.
    """

    __slots__ = ("_kind", "_source")

    def __init__(self, source: object | None, kind: RefKind) -> None:
        self._source = source
        self._kind: RefKind = kind

    @property
    def source(self) -> object | None:
        """The task whose result it refers to; None for `failure.cause`."""
        return self._source

    @property
    def kind(self) -> RefKind:
        """Whether it refers to the source's result, to its result or None, or to the cause of a failure."""
        return self._kind

    def or_none(self) -> "Ref[R_co | None]":
        """The same result, or None if that step did not run or did not succeed. Valid anywhere in the workflow."""
        return Ref(self._source, "cause" if self._kind == "cause" else "result_or_none")

    def placeholder(self) -> R_co:
        """This reference, typed as the value that it represents.

        Type checkers check the arguments of `create_task` and `Task.si` against the function itself, whose parameter is a
        `UserId` and not a `Ref[UserId]`. Pass a reference to them like this:

            mail = worker.create_task(send_welcome_email, user_id=user.result.placeholder())

        Use it only as an argument: at run time it is still the reference.
        """
        return cast("R_co", self)

    def __repr__(self) -> str:
        return "failure.cause" if self._kind == "cause" else f"<{self._kind} of {self._source!r}>"


Arg: TypeAlias = T | Ref[T]
"""What a parameter of a generated function accepts: the value, or a reference to one."""

AnyRef: TypeAlias = Ref[Any]
