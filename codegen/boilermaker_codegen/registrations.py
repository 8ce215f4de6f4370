"""Finds registrations: `@worker.task`, `register_async`, `register_many_async`, and loops over a list of functions.

What looks like one and cannot be followed is an error: no task is left out in silence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

REGISTER = "register_async"
REGISTER_MANY = "register_many_async"
TASK = "task"
METHODS = frozenset({REGISTER, REGISTER_MANY, TASK})


@dataclass(frozen=True, eq=False)
class Context:
    """What stands around a use.

    Attributes:
        reason: why what is in it cannot be followed, as `in the function `f``; empty at module level.
        functions: the functions around it, the outermost first.
        loop: the loop at module level in whose body it stands directly.
    """

    reason: str = ""
    functions: tuple[cst.FunctionDef, ...] = ()
    loop: cst.For | None = None


@dataclass(frozen=True, eq=False)
class Use:
    """One place where a method of a worker's may be used.

    Attributes:
        attribute: `worker.task`, `worker.register_async`; a plain name for a decorator that may be an alias.
        call: the call of it, where it is called.
        function: the function that it decorates, where it does.
        decorator: that decorator.
        bound: it is the whole value of an assignment: `task = worker.task`.
    """

    attribute: cst.Attribute | cst.Name
    context: Context
    call: cst.Call | None = None
    function: cst.FunctionDef | None = None
    decorator: cst.Decorator | None = None
    bound: bool = False


def uses(tree: cst.Module) -> list[Use]:
    """All uses in a module, in source order."""
    finder = _Finder()
    tree.visit(finder)
    return finder.found


def root_of(node: cst.BaseExpression) -> cst.BaseExpression:
    """What a fluent chain starts from: `worker` in `worker.register_async(a).register_async`."""
    while (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in METHODS
    ):
        node = node.func.value
    return node


@dataclass
class _State:
    contexts: list[Context] = field(default_factory=lambda: [Context()])
    handled: set[int] = field(default_factory=set[int])


class _Finder(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Use] = []
        self._state = _State()

    # ---- what stands around

    @property
    def _context(self) -> Context:
        return self._state.contexts[-1]

    def _enter(self, reason: str) -> bool:
        outer = self._context
        self._state.contexts.append(Context(outer.reason or reason, outer.functions))
        return True

    def _leave(self, _node: cst.CSTNode) -> None:
        self._state.contexts.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        context = self._context
        for decorator in node.decorators:
            self._decorator(decorator, node, context)
            decorator.visit(self)
        node.params.visit(self)
        self._state.contexts.append(
            Context(context.reason or f"in the function `{node.name.value}`", (*context.functions, node))
        )
        node.body.visit(self)
        self._state.contexts.pop()
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return self._enter(f"in the class `{node.name.value}`")

    def visit_If(self, _node: cst.If) -> bool:
        return self._enter("under an `if`")

    def visit_IfExp(self, _node: cst.IfExp) -> bool:
        return self._enter("under a condition")

    def visit_Try(self, _node: cst.Try) -> bool:
        return self._enter("under a `try`")

    def visit_TryStar(self, _node: cst.TryStar) -> bool:
        return self._enter("under a `try`")

    def visit_While(self, _node: cst.While) -> bool:
        return self._enter("in a `while` loop")

    def visit_Match(self, _node: cst.Match) -> bool:
        return self._enter("in a `match`")

    def visit_Lambda(self, _node: cst.Lambda) -> bool:
        return self._enter("in a lambda")

    def _comprehension(self, _node: cst.CSTNode) -> bool:
        return self._enter("in a comprehension")

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_For(self, node: cst.For) -> bool:
        outer = self._context
        is_plain = not outer.reason and outer.loop is None and node.orelse is None
        context = Context(
            "" if is_plain else outer.reason or "in a loop inside a loop", outer.functions, node
        )
        self._state.contexts.append(context)
        return True

    leave_ClassDef = leave_If = leave_IfExp = leave_Try = leave_TryStar = leave_While = leave_Match = _leave
    leave_Lambda = leave_ListComp = leave_SetComp = leave_DictComp = leave_GeneratorExp = leave_For = _leave

    # ---- uses

    def _decorator(self, decorator: cst.Decorator, function: cst.FunctionDef, context: Context) -> None:
        expression = decorator.decorator
        call = expression if isinstance(expression, cst.Call) else None
        named = call.func if call else expression
        if isinstance(named, cst.Name) or (isinstance(named, cst.Attribute) and named.attr.value == TASK):
            self._state.handled.add(id(named))
            self.found.append(Use(named, context, call=call, function=function, decorator=decorator))

    def visit_Call(self, node: cst.Call) -> None:
        func = node.func
        if (
            isinstance(func, cst.Attribute)
            and func.attr.value in METHODS
            and id(func) not in self._state.handled
        ):
            self._state.handled.add(id(func))
            self.found.append(Use(func, self._context, call=node))

    def visit_Assign(self, node: cst.Assign) -> None:
        self._bound(node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._bound(node.value)

    def _bound(self, value: cst.BaseExpression | None) -> None:
        if isinstance(value, cst.Attribute) and value.attr.value in METHODS:
            self._state.handled.add(id(value))
            self.found.append(Use(value, self._context, bound=True))

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if node.attr.value in METHODS and id(node) not in self._state.handled:
            self._state.handled.add(id(node))
            self.found.append(Use(node, self._context))


def elements_of(node: cst.BaseExpression) -> Sequence[cst.BaseElement] | None:
    """The elements of a list, tuple or set that is written out; None for anything else."""
    return node.elements if isinstance(node, cst.List | cst.Tuple | cst.Set) else None


_CHANGING = frozenset({"append", "extend", "insert", "remove", "pop", "clear", "add", "update", "discard"})


def changes(tree: cst.Module, name: str) -> Iterator[cst.CSTNode]:
    """Where a module changes the list that a name is bound to."""
    finder = _Changes(name)
    tree.visit(finder)
    return iter(finder.found)


class _Changes(cst.CSTVisitor):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.found: list[cst.CSTNode] = []

    def visit_Call(self, node: cst.Call) -> None:
        match node.func:
            case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attr)):
                if name == self._name and attr in _CHANGING:
                    self.found.append(node)
            case _:
                pass

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        match node.target:
            case cst.Subscript(value=cst.Name(value=name)) if name == self._name:
                self.found.append(node)
            case _:
                pass
