"""A handler's signature as values: its parameters, and how to call it with a payload. `signature` derives them from functions."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from boilermaker.errors import TaskBuildError
from boilermaker.introspection import defaults
from boilermaker.payload.externals import NONE, Externals

AnyHandler = Callable[..., Any]

_CALL_OPTIONS = frozenset({"policy", "delay", "should_dead_letter", "acks_late", "queue"})
"""What `Task.options` takes, and other task queues take among the arguments."""


@dataclass(frozen=True, kw_only=True)
class HandlerParameter:
    """One parameter of a handler, other than the state.

    Attributes:
        default: `inspect.Parameter.empty` if it is required.
        keyword_only: it can be passed by name only.
        positional_only: it can be passed by position only.
    """

    name: str
    annotation: Any
    default: Any
    keyword_only: bool = False
    positional_only: bool = False

    @property
    def has_default(self) -> bool:
        """Whether it is optional."""
        return self.default is not inspect.Parameter.empty

    @functools.cached_property
    def is_carried(self) -> bool:
        """Whether the default fits its type on the wire; one that does not (a sentinel, NaN) never leaves the worker."""
        return defaults.is_carried(self.default, self.annotation)

    def fresh(self) -> Any:
        """The default for one call, copied if it is mutable: handlers must not share it."""
        return defaults.fresh(self.default)


@dataclass(frozen=True, kw_only=True)
class HandlerSignature:
    """A handler's parameters and result, without the state.

    Attributes:
        function: the handler.
        payload_type: a struct with a field for each parameter.
        result_type: the declared result; `Any` if none is declared.
        place: `file:line` of the handler.
        externals: the third-party types in these.
        is_async: False if it runs in a thread.
    """

    function: AnyHandler
    parameters: tuple[HandlerParameter, ...]
    payload_type: type[msgspec.Struct]
    result_type: Any
    place: str
    is_async: bool
    externals: Externals = NONE

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, object]:
        """Arguments by parameter name, defaults left to the payload struct.

        Raises:
            TaskBuildError: they do not match the signature; the text is Python's own.
        """
        try:
            bound = self._call.bind(*args, **kwargs)
        except TypeError as error:
            options = sorted(_CALL_OPTIONS & kwargs.keys() - self._call.parameters.keys())
            hint = f"; options of a call are set on the task: `.options({options[0]}=...)`" if options else ""
            raise TaskBuildError(f"{self.function.__name__}(): {error}{hint}") from None
        return dict(bound.arguments)

    @functools.cached_property
    def _call(self) -> inspect.Signature:
        return inspect.Signature(
            [inspect.Parameter(p.name, _kind(p), default=p.default) for p in self.parameters]
        )

    def bound_to(self, state: object, arguments: msgspec.Struct) -> Callable[[], Any]:
        """Call the handler with these arguments, each passed by position or by keyword as the signature requires.

        Args:
            state: the worker's.
            arguments: a `payload_type`; parameters that are unset in it get their defaults.
        """
        by_position: list[object] = []
        by_name: dict[str, object] = {}
        for parameter in self.parameters:
            value = getattr(arguments, parameter.name)
            value = parameter.fresh() if value is msgspec.UNSET else value
            if parameter.positional_only:
                by_position.append(value)
            else:
                by_name[parameter.name] = value
        return functools.partial(self.function, state, *by_position, **by_name)


def _kind(parameter: HandlerParameter) -> Any:
    if parameter.positional_only:
        return inspect.Parameter.POSITIONAL_ONLY
    return (
        inspect.Parameter.KEYWORD_ONLY if parameter.keyword_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
    )
