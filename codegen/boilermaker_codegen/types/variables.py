"""Which type variables a generic class or alias takes: old style (`Generic[T]`) or in brackets of its own (PEP 695)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.source.meanings import External, Found, Meaning, Scope, code
from boilermaker_codegen.source.resolve import Resolver
from boilermaker_codegen.source.symbols import ClassSymbol, TypeParameter, TypeStatement, ValueSymbol
from boilermaker_codegen.source.vocabulary import plain


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One type variable.

    Attributes:
        id: its identity: `module.T`, or just its name if brackets declare it.
        default: its type if no argument is given.
        scope: the scope of the default.
    """

    id: str
    name: str
    default: cst.BaseExpression | None
    scope: Scope


class Variables:
    """Finds type variables.

    Args:
        resolver: resolves names.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._of_classes: dict[cst.ClassDef, tuple[Variable, ...]] = {}

    def variable(self, meaning: Meaning) -> Variable | None:
        """The type variable that a name refers to; None if it refers to something else."""
        match meaning:
            case Found(symbol=TypeParameter(node=node), scope=scope, name=name):
                return Variable(id=name, name=name, default=node.default, scope=scope)
            case Found(symbol=ValueSymbol(value=cst.Call() as call), scope=scope, name=name):
                if not isinstance(call.func, cst.Name | cst.Attribute):
                    return None
                maker = self._resolver.resolve(call.func, scope)
                if not isinstance(maker, External) or plain(maker.name) != "typing.TypeVar":
                    return None
                default = next(
                    (a.value for a in call.args if a.keyword and a.keyword.value == "default"), None
                )
                name = _text(call) or name
                return Variable(id=meaning.id, name=name, default=default, scope=scope)
            case _:
                return None

    def of(self, meaning: Meaning) -> tuple[Variable, ...]:
        """The type variables that a class or an alias takes, in order; none where it is not generic.

        Raises:
            Refused: they are not plain type variables with different names.
        """
        match meaning:
            case Found(symbol=ClassSymbol(node=node), scope=scope):
                if node not in self._of_classes:
                    self._of_classes[node] = self._of_class(node, scope)
                return self._of_classes[node]
            case Found(symbol=TypeStatement(node=node), scope=scope):
                return self._declared(node.type_parameters, scope, node.name)
            case Found(symbol=ValueSymbol(value=cst.Name() | cst.Attribute())):
                named = self.followed(meaning)
                return () if is_name(named) else self.of(named)
            case Found(symbol=ValueSymbol(value=value), scope=scope) if value is not None:
                return _distinct(self._written(value, scope), value, scope)
            case _:
                return ()

    def followed(self, meaning: Meaning) -> Meaning:
        """The meaning of a name that is bound to another name, followed recursively; the name itself if that is a cycle."""
        seen: list[str] = []
        while isinstance(meaning, Found) and is_name(meaning) and meaning.id not in seen:
            seen.append(meaning.id)
            value = meaning.symbol.value if isinstance(meaning.symbol, ValueSymbol) else None
            if value is not None:
                meaning = self._resolver.resolve(value, meaning.scope)
        return meaning

    def _of_class(self, node: cst.ClassDef, scope: Scope) -> tuple[Variable, ...]:
        if node.type_parameters is not None:
            return self._declared(node.type_parameters, scope, node.name)
        found: list[Variable] = []
        for base in node.bases:
            if isinstance(base.value, cst.Subscript):
                if self._is_generic(base.value.value, scope):
                    return self._listed(base.value, scope)
                found.extend(self._written(base.value, scope))
        return _distinct(found, node.name, scope)

    def _is_generic(self, node: cst.BaseExpression, scope: Scope) -> bool:
        meaning = self._resolver.resolve(node, scope)
        return isinstance(meaning, External) and plain(meaning.name) in ("typing.Generic", "typing.Protocol")

    def _listed(self, node: cst.Subscript, scope: Scope) -> tuple[Variable, ...]:
        """The arguments of `Generic[...]`."""
        found: list[Variable] = []
        for element in node.slice:
            part = element.slice
            value = part.value if isinstance(part, cst.Index) and part.star is None else None
            named = isinstance(value, cst.Name | cst.Attribute)
            variable = self.variable(self._resolver.resolve(value, scope)) if value and named else None
            if variable is None:
                raise scope.refuse(
                    element,
                    "CLASS_NOT_READ",
                    f"`{code(element).rstrip(', ')}` is not a plain type variable; use `TypeVar`",
                )
            found.append(variable)
        return _distinct(found, node, scope)

    def _declared(
        self, parameters: cst.TypeParameters | None, scope: Scope, node: cst.CSTNode
    ) -> tuple[Variable, ...]:
        found: list[Variable] = []
        inside = scope.generic(parameters, ())
        for parameter in parameters.params if parameters else ():
            if not isinstance(parameter.param, cst.TypeVar):
                raise scope.refuse(
                    node,
                    "CLASS_NOT_READ",
                    f"`{code(parameter).rstrip(', ')}` is not a plain type variable; write each one out",
                )
            name = parameter.param.name.value
            found.append(Variable(id=name, name=name, default=parameter.default, scope=inside))
        return tuple(found)

    def _written(self, node: cst.BaseExpression, scope: Scope) -> Iterator[Variable]:
        """The type variables in an expression, in order. Quoted ones are ignored, as in Python."""
        match node:
            case cst.Name() | cst.Attribute():
                try:
                    variable = self.variable(self._resolver.resolve(node, scope))
                except Refused:
                    return  # reported when it is read
                if variable is not None:
                    yield variable
            case cst.BinaryOperation(left=left, right=right):
                yield from self._written(left, scope)
                yield from self._written(right, scope)
            case cst.Subscript(slice=elements):
                for element in elements:
                    if isinstance(element.slice, cst.Index):
                        yield from self._written(element.slice.value, scope)
            case _:
                pass

    def are_in_order(self, statement: cst.TypeAlias, scope: Scope) -> bool:
        """Whether the value of a `type` statement first uses its type variables in the order of their declaration."""
        if isinstance(statement.value, cst.Name | cst.Attribute):
            return statement.type_parameters is None
        inside = scope.generic(statement.type_parameters, ())
        written = dict.fromkeys(variable.id for variable in self._written(statement.value, inside))
        return list(written) == [v.id for v in self._declared(statement.type_parameters, scope, statement)]


def is_name(meaning: Meaning) -> bool:
    """Whether it is bound to another name."""
    match meaning:
        case Found(symbol=ValueSymbol(value=cst.Name() | cst.Attribute())):
            return True
        case _:
            return False


def _distinct(
    found: Iterator[Variable] | Sequence[Variable], node: cst.CSTNode, scope: Scope
) -> tuple[Variable, ...]:
    """Variables, each once."""
    variables = tuple({variable.id: variable for variable in found}.values())
    names = [variable.name for variable in variables]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise scope.refuse(
            node, "CLASS_NOT_READ", f"two type variables are called `{twice}`; rename one of them"
        )
    return variables


def _text(call: cst.Call) -> str | None:
    """The name passed to `TypeVar`."""
    first = call.args[0].value if call.args else None
    value = first.evaluated_value if isinstance(first, cst.SimpleString) else None
    return value if isinstance(value, str) else None
