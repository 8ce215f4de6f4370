"""The functions that an argument, a list or a loop registers."""

from collections.abc import Iterator

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.registrations.declared import Unfollowed
from boilermaker_codegen.registrations.find import AT_MODULE_LEVEL, REGISTER_MANY
from boilermaker_codegen.registrations.order import check_list_bound
from boilermaker_codegen.source.lists import changes, elements_of
from boilermaker_codegen.source.meanings import External, Found, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import FunctionSymbol, ValueSymbol

Named = tuple[cst.BaseExpression, Scope]
"""An expression that names a function, and the scope to read it in."""

ONE_AT_A_TIME = (
    "this loop cannot be followed: it must yield one function at a time; write `for task in tasks:`"
)


class Subjects:
    """Finds the functions that registrations name."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def listed(self, node: cst.BaseExpression, scope: Scope) -> Iterator[Named]:
        """The functions in a list display, written here or assigned to a name at module level."""
        for element in elements_of(node) or ():
            if isinstance(element, cst.StarredElement):
                yield from self.listed(element.value, scope)
            else:
                yield element.value, scope
        if elements_of(node) is None:
            value, home = self._list(node, scope)
            yield from self.listed(value, home)

    def _list(self, node: cst.BaseExpression, scope: Scope) -> Named:
        """The list that a name at module level is bound to, if it is never rebound."""
        found = self._resolver.resolve(node, scope) if isinstance(node, cst.Name | cst.Attribute) else None
        value = (
            found.symbol.value if isinstance(found, Found) and isinstance(found.symbol, ValueSymbol) else None
        )
        if not isinstance(found, Found) or value is None or elements_of(value) is None:
            raise unfollowed(
                scope,
                node,
                f"the contents of `{code(node)}` cannot be known without running the code; write the list "
                "out",
            )
        check_list_bound(found.name, value, found.scope)
        for module in (found.scope.module, scope.module):
            for change in changes(module.tree, found.name):
                raise unfollowed(
                    Scope(module),
                    change,
                    f"`{found.name}` is modified after it is created, which cannot be followed; write the "
                    "list out",
                )
        return value, found.scope

    def looped(self, subject: cst.BaseExpression, loop: cst.For, scope: Scope) -> Iterator[Named]:
        """The functions that a loop registers one by one."""
        if not isinstance(loop.target, cst.Name):
            raise unfollowed(scope, subject, ONE_AT_A_TIME)
        if not (isinstance(subject, cst.Name) and subject.value == loop.target.value):
            raise unfollowed(
                scope,
                subject,
                f"this loop cannot be followed: it registers something other than `{loop.target.value}`; "
                f"{AT_MODULE_LEVEL}",
            )
        yield from self.listed(loop.iter, scope)

    def function(self, node: cst.BaseExpression, scope: Scope) -> tuple[cst.FunctionDef, Scope]:
        """The function that an expression names, and the scope that it is defined in."""
        if not isinstance(node, cst.Name | cst.Attribute):
            raise scope.refuse(
                node,
                "HANDLER_UNKNOWN",
                f"`{code(node)}` is not the name of a function; define one with `async def` and register it",
            )
        match self._resolver.resolve(node, scope):
            case Found(symbol=FunctionSymbol(node=function), name=name, scope=home):
                if home.classes:
                    raise scope.refuse(
                        node, "HANDLER_UNKNOWN", f"`{name}` is a method; register a function at module level"
                    )
                return function, home
            case Found(symbol=ValueSymbol(value=cst.Name() | cst.Attribute() as value), scope=home):
                return self.function(value, home)
            case External(name=name):
                raise scope.refuse(
                    node,
                    "HANDLER_UNKNOWN",
                    f"`{name}` is not under the source folders; add its folder to `source`, or wrap it in a function",
                )
            case _:
                raise scope.refuse(
                    node,
                    "HANDLER_UNKNOWN",
                    f"`{code(node)}` is not a function defined with `async def`; define one and register it",
                )

    def place(self, node: cst.BaseExpression, scope: Scope) -> str:
        """The function that an expression names, as `module:function`; empty if it names none."""
        try:
            function, home = self.function(node, scope)
        except Refused:
            return ""
        return f"{home.module.name}:{function.name.value}"


def unfollowed(scope: Scope, node: cst.CSTNode, message: str) -> Unfollowed:
    """The error that says why a registration cannot be followed."""
    return Unfollowed(*scope.refuse(node, "REGISTRATION_UNFOLLOWED", message).problems)


def argument_of(call: cst.Call, method: str, scope: Scope) -> tuple[cst.BaseExpression, list[cst.Arg]]:
    """The argument that a call registers, and its other arguments.

    Raises:
        Refused: it is not the only positional argument.
    """
    keyword = "fns" if method == REGISTER_MANY else "fn"
    plain = [
        argument
        for argument in call.args
        if not argument.star and (argument.keyword is None or argument.keyword.value == keyword)
    ]
    if len(plain) != 1:
        what = "functions" if method == REGISTER_MANY else "function"
        raise scope.refuse(
            call,
            "REGISTRATION_INVALID",
            f"`{method}` takes the {what} as its only positional argument",
        )
    return plain[0].value, [argument for argument in call.args if argument is not plain[0]]
