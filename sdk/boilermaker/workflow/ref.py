"""References: a result that is not there yet, as a typed value. Who may refer to what is `plan`'s business."""

from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)

RefKind = Literal["result", "result_or_none", "cause"]


class Ref(Generic[R_co]):
    """Stands for a value that an earlier step of the same workflow will have produced.

    Made by `task.result`, `task.result.or_none()` and `failure.cause`, never by hand. The worker puts the value in
    its place just before it runs the step that asked for it.
    """

    __slots__ = ("_kind", "_source")

    def __init__(self, source: object | None, kind: RefKind) -> None:
        self._source = source
        self._kind: RefKind = kind

    @property
    def source(self) -> object | None:
        """The task whose result is meant; None for `failure.cause`."""
        return self._source

    @property
    def kind(self) -> RefKind:
        """What is asked of the source."""
        return self._kind

    def or_none(self) -> "Ref[R_co | None]":
        """The same result, or None where that step did not run or did not succeed. Legal anywhere in the workflow."""
        return Ref(self._source, "cause" if self._kind == "cause" else "result_or_none")

    def placeholder(self) -> R_co:
        """This reference, typed as the value that it stands for.

        `create_task` and `Task.si` check their arguments against the function itself, whose parameter is a `UserId`
        and not a `Ref[UserId]`. This is the typed way in:

            mail = worker.create_task(send_welcome_email, user_id=user.result.placeholder())

        Use it as an argument and nowhere else: at run time it is still the reference.
        """
        return cast("R_co", self)

    def __repr__(self) -> str:
        return "failure.cause" if self._kind == "cause" else f"<{self._kind} of {self._source!r}>"


Arg: TypeAlias = T | Ref[T]
"""What a parameter of a generated function takes: the value, or a reference to one."""

AnyRef: TypeAlias = Ref[Any]
