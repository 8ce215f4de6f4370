"""Uses of the service's own classes, aliases and type variables, with or without type arguments."""

import keyword
from collections.abc import Callable, Sequence

import libcst as cst

from boilermaker.contract import Named, Type, Variable, substituted
from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.meanings import External, Found, Meaning, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import (
    ClassSymbol,
    FunctionSymbol,
    TypeParameter,
    TypeStatement,
    ValueSymbol,
)
from boilermaker_codegen.source.vocabulary import plain, shown
from boilermaker_codegen.types.aliases import Aliases
from boilermaker_codegen.types.variables import Variables, is_name

Parts = Sequence[cst.BaseExpression] | None
"""The type arguments after a name; None without brackets."""
Read = Callable[[cst.BaseExpression, Scope], Type]
Mean = Callable[[Meaning, Parts, cst.BaseExpression, Scope], Type]

_FUNCTIONS = ("typing.Callable", "collections.abc.Callable")
_CALLS = frozenset(
    {
        "collections.namedtuple",
        "typing.NamedTuple",
        "typing.TypedDict",
        "enum.Enum",
        "dataclasses.make_dataclass",
        "msgspec.defstruct",
    }
)


class OwnTypes:
    """Reads names of the service itself.

    Args:
        resolver: resolves names.
        readers: what reads an annotation, and what reads a meaning with arguments, as `OwnTypes` does, but of any name.
        define: called with each class or `NewType` met; puts its definition into the contract, and says whether it could.
        aliases: is told which are used.

    Attributes:
        variables: finds type variables.
    """

    def __init__(
        self,
        resolver: Resolver,
        readers: tuple[Read, Mean],
        define: Callable[[Found], bool],
        aliases: Aliases,
    ) -> None:
        self.variables = Variables(resolver)
        self._resolver = resolver
        self._read, self._mean = readers
        self._aliases = aliases
        self._define = define
        self._expanding: list[str] = []

    def type(self, found: Found, parts: Parts, node: cst.BaseExpression, scope: Scope) -> Type:
        """The type that a name of the service refers to.

        Args:
            found: the meaning of the name.
            parts: its type arguments.
            node: where it is named.
            scope: the scope of that.

        Raises:
            Refused: it is none, or has other arguments than it takes.
        """
        match found.symbol:
            case ClassSymbol():
                # arguments of a class that cannot be sent in a message are beside the point
                is_read = self._defined(found)
                arguments = self.arguments(found, parts, node, scope) if is_read else ()
                return Named(id=found.id, arguments=arguments)
            case TypeParameter():
                self._check_plain(found, parts, node, scope)
                return Variable(name=found.name)
            case TypeStatement(node=statement):
                return self._statement(found, statement, parts, node, scope)
            case FunctionSymbol():
                raise scope.refuse(
                    node, "TYPE_INVALID", f"`{code(node)}` is a function, not a type; name a type"
                )
            case ValueSymbol() if is_field(found):
                raise hidden(found.name.rpartition(".")[2], node, scope)
            case ValueSymbol(value=cst.Call() as call):
                return self._made(found, call, parts, node, scope)
            case ValueSymbol(value=cst.BaseExpression() as value):
                return self._alias(found, value, parts, node, scope)
            case ValueSymbol():
                raise scope.refuse(
                    node,
                    "NAME_UNREADABLE",
                    f"what `{found.name}` is cannot be known without running the code; define it directly",
                )

    def _defined(self, found: Found) -> bool:
        """Have it read, and say whether that was possible; an alias that is being expanded may stand in it: that is no circle of aliases."""
        expanding, self._expanding = self._expanding, []
        try:
            return self._define(found)
        finally:
            self._expanding = expanding

    def arguments(self, found: Found, parts: Parts, node: cst.CSTNode, scope: Scope) -> tuple[Type, ...]:
        """The arguments of a class or an alias, with defaults of type variables added if a class has too few.

        Raises:
            Refused: there are too few, or too many.
        """
        wanted, given = self.variables.of(found), parts or ()
        if wanted and parts is None:
            takes = f"`{found.name}` takes {_counted(len(wanted))}"
            if all(variable.default is not None for variable in wanted):
                takes += ", and msgspec ignores defaults of type variables"
            raise scope.refuse(node, "TYPE_ARGUMENTS", f"{takes}; write `{found.name}[...]`")
        left = wanted[len(given) :]
        defaults = [
            v.default for v in left if v.default is not None and isinstance(found.symbol, ClassSymbol)
        ]
        if len(given) > len(wanted) or len(defaults) < len(left):
            raise scope.refuse(
                node,
                "TYPE_ARGUMENTS",
                f"`{found.name}` takes {_counted(len(wanted))}, not {len(given)}"
                if wanted
                else f"`{found.name}` takes no type arguments; leave them out",
            )
        return (
            *(self._read(part, scope) for part in given),
            *(self._read(default, v.scope) for default, v in zip(defaults, left, strict=True)),
        )

    def _check_plain(self, found: Found, parts: Parts, node: cst.CSTNode, scope: Scope) -> None:
        if parts is not None:
            raise scope.refuse(
                node, "TYPE_ARGUMENTS", f"`{found.name}` takes no type arguments; leave them out"
            )

    # ---- aliases

    def _statement(
        self, found: Found, statement: cst.TypeAlias, parts: Parts, node: cst.BaseExpression, scope: Scope
    ) -> Type:
        if self._has_quotes(statement.value, found.scope.generic(statement.type_parameters, ())):
            raise scope.refuse(
                node,
                "TYPE_NOT_CARRIED",
                f"the alias `{found.name}` has a quoted annotation in its `type` statement, which msgspec "
                f"does not resolve; remove the quotes, which a `type` statement does not need",
            )
        if self.variables.of(found) and not self.variables.are_in_order(statement, found.scope):
            raise scope.refuse(
                node,
                "TYPE_NOT_CARRIED",
                f"the alias `{found.name}` does not use its type variables in the order in which it declares "
                f"them, as msgspec assumes; change their order, or write concrete types",
            )
        return self._alias(found, statement.value, parts, node, scope)

    def _has_quotes(self, node: cst.BaseExpression, scope: Scope) -> bool:
        """Whether an annotation contains a quoted name, apart from `Literal` values and the metadata of `Annotated`."""
        match node:
            case cst.SimpleString() | cst.ConcatenatedString():
                return True
            case cst.BinaryOperation(left=left, right=right):
                return self._has_quotes(left, scope) or self._has_quotes(right, scope)
            case cst.Subscript(value=outer, slice=elements):
                meaning = self._resolver.resolve(outer, scope)
                name = plain(meaning.name) if isinstance(meaning, External) else ""
                inner = elements[:1] if name == "typing.Annotated" else elements
                parts = [e.slice.value for e in inner if isinstance(e.slice, cst.Index)]
                return name != "typing.Literal" and any(self._has_quotes(part, scope) for part in parts)
            case _:
                return False

    def _alias(
        self, found: Found, value: cst.BaseExpression, parts: Parts, node: cst.BaseExpression, scope: Scope
    ) -> Type:
        if parts is not None and is_name(found):
            meant = self.variables.followed(found)
            if is_name(meant):
                raise self._circle(found, node, scope)
            return self._mean(meant, parts, node, scope)
        if isinstance(value, cst.Subscript) and self._is_function(value.value, found.scope):
            self._read(value, found.scope)  # whose arguments are beside the point
        arguments = self.arguments(found, parts, node, scope)
        if found.id in self._expanding:
            raise self._circle(found, node, scope)
        self._expanding.append(found.id)
        try:
            return self._expanded(found, value, arguments)
        finally:
            self._expanding.pop()

    def _is_function(self, node: cst.BaseExpression, scope: Scope) -> bool:
        meaning = self._resolver.resolve(node, scope)
        return isinstance(meaning, External) and plain(meaning.name) in _FUNCTIONS

    def _circle(self, found: Found, node: cst.CSTNode, scope: Scope) -> Refused:
        return scope.refuse(
            node,
            "TYPE_NOT_READ",
            f"the alias `{found.name}` contains itself, which msgspec does not support; write `Any` here "
            f"instead, or move it to a field of a class: a class may contain itself",
        )

    def _expanded(self, found: Found, value: cst.BaseExpression, arguments: tuple[Type, ...]) -> Type:
        variables = self.variables.of(found)
        parameters = found.symbol.node.type_parameters if isinstance(found.symbol, TypeStatement) else None
        inside = found.scope.generic(parameters, (variable.id for variable in variables))
        type_ = self._read(value, inside)
        if not variables:
            return self._aliases.use(found.id, type_)
        names = [variable.name for variable in variables]
        return substituted(type_, dict(zip(names, arguments, strict=True)))

    # ---- results of calls

    def _made(
        self, found: Found, call: cst.Call, parts: Parts, node: cst.BaseExpression, scope: Scope
    ) -> Type:
        variable = self.variables.variable(found)
        if variable is not None:
            if variable.id not in scope.variables:
                raise scope.refuse(
                    node, "TYPE_INVALID", f"`{found.name}` is a type variable; write a concrete type"
                )
            self._check_plain(found, parts, node, scope)
            return Variable(name=variable.name)
        maker = self._resolver.resolve(call.func, found.scope)
        name = plain(maker.name) if isinstance(maker, External) else ""
        if name == "typing.NewType":
            self._check_plain(found, parts, node, scope)
            self._defined(found)
            return Named(id=found.id)
        if name in _CALLS:
            raise scope.refuse(
                node,
                "TYPE_NOT_READ",
                f"`{found.name}` is the result of a call of `{shown(name)}`; {_as_a_class(call)}",
            )
        raise scope.refuse(
            node,
            "TYPE_NOT_READ",
            f"`{found.name}` is the result of a call of `{code(call.func)}`, which is not run; name a class",
        )


def is_field(meaning: Meaning) -> bool:
    """Whether a name refers to an annotated attribute of the enclosing class."""
    match meaning:
        case Found(symbol=ValueSymbol(annotation=cst.BaseExpression()), scope=scope):
            return bool(scope.classes)
        case _:
            return False


def hidden(name: str, node: cst.CSTNode, scope: Scope) -> Refused:
    """The error of an annotation that refers to a field instead of a type."""
    remedy = "" if scope.is_deferred else "write the annotation in quotes, or "
    text = f"`{name}` refers to the class's own field here, which is not a type; {remedy}rename the field"
    return scope.refuse(node, "TYPE_INVALID", text)


def _counted(count: int) -> str:
    return f"{count} type argument{'' if count == 1 else 's'}"


def _as_a_class(call: cst.Call) -> str:
    """What to write instead; keys such as `from` and `x-id` cannot be names in a class."""
    keys = [
        str(element.key.evaluated_value)
        for argument in call.args
        if isinstance(argument.value, cst.Dict)
        for element in argument.value.elements
        if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString)
    ]
    odd = next((key for key in keys if not key.isidentifier() or keyword.iskeyword(key)), None)
    if odd is None:
        return "write it as a class"
    return (
        f"`{odd}` is not a valid Python name, so write a `msgspec.Struct` whose field has another name and "
        f'`field(name="{odd}")`'
    )
