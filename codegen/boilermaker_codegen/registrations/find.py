"""Finds registrations: `@worker.task`, `register`, `register_async`, `register_many_async`, and loops over a list of functions.

A use that looks like a registration and cannot be followed is an error, so no task is silently left out.
"""

from dataclasses import dataclass, replace

import libcst as cst

from boilermaker_codegen.registrations.by_name import ByName, reached
from boilermaker_codegen.source.walking import children

REGISTER = "register"
REGISTER_ASYNC = "register_async"
REGISTER_MANY = "register_many_async"
TASK = "task"
INCLUDE = "include"
AT_MODULE_LEVEL = "register at module level"
ONE = frozenset({REGISTER, REGISTER_ASYNC})
ASYNC_ONLY = frozenset({REGISTER_ASYNC, REGISTER_MANY})
METHODS = frozenset({REGISTER, REGISTER_ASYNC, REGISTER_MANY, TASK, INCLUDE})


@dataclass(frozen=True, eq=False)
class Context:
    """The syntax around a use.

    Attributes:
        reason: why a registration inside it cannot be followed, as `in the function `f``; empty at module
            level.
        functions: the functions around it, the outermost first.
        loop: the loop at module level whose body directly contains the use.
        condition: the part of the reason other than functions, as `under an `if``.
        statement: number of the statement of the module, counted from 0.
    """

    reason: str = ""
    functions: tuple[cst.FunctionDef, ...] = ()
    loop: cst.For | None = None
    condition: str = ""
    statement: int = 0


@dataclass(frozen=True, eq=False)
class Use:
    """One place where a worker's method may be used.

    Attributes:
        attribute: `worker.task`, `worker.register_async`; a plain name for a decorator that may be an alias.
        call: its call, if it is called.
        function: the function that it decorates, if any.
        decorator: that decorator.
        bound: it is the entire value of an assignment: `task = worker.task`.
        by_name: the access by name in a string; the attribute is not in the tree then.
    """

    attribute: cst.Attribute | cst.Name
    context: Context
    call: cst.Call | None = None
    function: cst.FunctionDef | None = None
    decorator: cst.Decorator | None = None
    bound: bool = False
    by_name: ByName | None = None


def uses(tree: cst.Module) -> list[Use]:
    """All uses in a module, in source order."""
    finder = _Finder()
    for number, statement in enumerate(tree.body):
        finder.walk(statement, Context(statement=number))
    return finder.found


def root_of(node: cst.BaseExpression) -> cst.BaseExpression:
    """The object at the start of a fluent chain: `worker` in `worker.register_async(a).register_async`."""
    while (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in METHODS
    ):
        node = node.func.value
    return node


def is_class_of(node: cst.BaseExpression) -> bool:
    """Whether a method is looked up in the class of something: `type(worker)`, `super()`."""
    return (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Name)
        and node.func.value in ("type", "super")
    )


def is_called_task(decorator: cst.Decorator) -> bool:
    """Whether a decorator may be a worker's `task`, by its name."""
    named = decorator.decorator
    named = named.func if isinstance(named, cst.Call) else named
    return isinstance(named, cst.Attribute) and named.attr.value == TASK


class _Finder:
    """One walk over a module that tracks the syntax around each node."""

    def __init__(self) -> None:
        self.found: list[Use] = []
        self._handled: set[int] = set()

    def walk(self, node: cst.CSTNode, context: Context) -> None:
        """Visit a node and all nodes in it; without recursion, because source may be nested deeper than Python's stack."""
        waiting = [(node, context)]
        while waiting:
            waiting.extend(reversed(self._parts(*waiting.pop())))

    def _parts(self, node: cst.CSTNode, context: Context) -> list[tuple[cst.CSTNode, Context]]:
        """Record the uses in a node; yield its parts, each with the syntax around it."""
        if type(node) not in _TOLD:
            return [(child, context) for child in children(node)]
        match node:
            case cst.FunctionDef():
                return self._function(node, context)
            case cst.For():
                context = _in_loop(node, context)
            case cst.Call():
                self._call(node, context)
            case cst.Assign(value=value) | cst.AnnAssign(value=value):
                self._bound(value, context)
            case cst.Attribute():
                self._use(node, context)
            case _:
                context = _inside(context, _reason(node))
        return [(child, context) for child in children(node)]

    def _function(self, node: cst.FunctionDef, context: Context) -> list[tuple[cst.CSTNode, Context]]:
        for decorator in node.decorators:
            self._decorator(decorator, node, context)
        reason = context.reason or f"in the function `{node.name.value}`"
        inside = replace(context, reason=reason, loop=None, functions=(*context.functions, node))
        return [
            *((decorator, context) for decorator in node.decorators),
            (node.params, context),
            (node.body, inside),
        ]

    def _decorator(self, decorator: cst.Decorator, function: cst.FunctionDef, context: Context) -> None:
        expression = decorator.decorator
        call = expression if isinstance(expression, cst.Call) else None
        named = call.func if call else expression
        if isinstance(named, cst.Name):
            self.found.append(Use(named, context, call=call, function=function, decorator=decorator))
        elif isinstance(named, cst.Attribute) and named.attr.value == TASK:
            self._use(named, context, call=call, function=function, decorator=decorator)

    def _call(self, node: cst.Call, context: Context) -> None:
        match node:
            case cst.Call(func=cst.Attribute() as named):
                self._use(named, context, call=node)
            case cst.Call(
                func=cst.Call(func=cst.Attribute() as named) as made,
                args=[cst.Arg(keyword=None, star="") as subject],
            ):  # `worker.task(name="x")(function)`
                self._use(named, context, call=made.with_changes(args=[subject, *made.args]))
            case _:
                pass
        by_name = reached(node, METHODS)
        if by_name is not None and id(node) not in self._handled:
            self._handled.update(map(id, by_name.inner))
            owner = by_name.owner or cst.Name("worker")
            attribute = cst.Attribute(owner, cst.Name(by_name.method))
            self.found.append(Use(attribute, context, by_name=by_name))

    def _bound(self, value: cst.BaseExpression | None, context: Context) -> None:
        if isinstance(value, cst.Attribute):
            self._use(value, context, bound=True)

    def _use(
        self,
        node: cst.Attribute,
        context: Context,
        *,
        call: cst.Call | None = None,
        function: cst.FunctionDef | None = None,
        decorator: cst.Decorator | None = None,
        bound: bool = False,
    ) -> None:
        """Record a use; the enclosing nodes were visited first and may have recorded it with more detail."""
        if node.attr.value in METHODS and id(node) not in self._handled:
            self._handled.add(id(node))
            self.found.append(
                Use(node, context, call=call, function=function, decorator=decorator, bound=bound)
            )


def _reason(node: cst.CSTNode) -> str:
    """Why a registration in a node cannot be followed; empty where it can."""
    if isinstance(node, cst.ClassDef):
        return f"in the class `{node.name.value}`"
    return _REASONS.get(type(node), "")


_REASONS: dict[type[cst.CSTNode], str] = {
    cst.If: "under an `if`",
    cst.IfExp: "under a condition",
    cst.BooleanOperation: "under a condition",
    cst.Try: "under a `try`",
    cst.TryStar: "under a `try`",
    cst.While: "in a `while` loop",
    cst.Match: "in a `match`",
    cst.Lambda: "in a lambda",
    cst.ListComp: "in a comprehension",
    cst.SetComp: "in a comprehension",
    cst.DictComp: "in a comprehension",
    cst.GeneratorExp: "in a comprehension",
}

_TOLD = frozenset(
    {cst.FunctionDef, cst.ClassDef, cst.For, cst.Call, cst.Assign, cst.AnnAssign, cst.Attribute, *_REASONS}
)


def _inside(context: Context, reason: str) -> Context:
    if not reason:
        return context
    return replace(context, reason=context.reason or reason, loop=None, condition=context.condition or reason)


def _in_loop(node: cst.For, context: Context) -> Context:
    if context.loop is not None:
        return _inside(context, "in a loop inside a loop")
    return _inside(context, "in a loop") if context.reason else replace(context, loop=node)
