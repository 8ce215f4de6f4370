"""One registration of one function, as written in the source."""

from dataclasses import dataclass

import libcst as cst

from boilermaker_codegen.registrations.options import Options
from boilermaker_codegen.source.meanings import Scope
from boilermaker_codegen.source.parse import Module


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """One registration of one function.

    Attributes:
        function: the handler.
        home: where it is defined.
        module: where it is registered.
        node: the node that errors point at.
        options: the options of the registration.
        decorators: those of the handler's decorators that register it.
        is_async_only: its registration method takes async functions only.
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
        """The task's name and its aliases."""
        return (self.name, *self.options.aliases)
