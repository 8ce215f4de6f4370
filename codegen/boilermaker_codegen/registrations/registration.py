"""One function registered once, as the source says it."""

from dataclasses import dataclass

import libcst as cst

from boilermaker_codegen.registrations.options import Options
from boilermaker_codegen.source.meanings import Scope
from boilermaker_codegen.source.parse import Module


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """One function registered once.

    Attributes:
        function: the handler.
        home: where it is defined.
        module: where it is registered.
        node: what to name in errors.
        options: what the registration says beside the function.
        decorators: those of the handler's decorators that register it.
        is_async_only: it is registered by what takes async functions alone.
    """

    function: cst.FunctionDef
    home: Scope
    module: Module
    node: cst.CSTNode
    options: Options
    decorators: tuple[cst.Decorator, ...] = ()
    is_async_only: bool = False

    @property
    def name(self) -> str:
        """The task's name."""
        return self.options.name or self.function.name.value

    @property
    def names(self) -> tuple[str, ...]:
        """The task's name and those that it had before."""
        return (self.name, *self.options.aliases)
