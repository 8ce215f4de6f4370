"""Which branches of a module Python executes, if that is evident: type checking, old versions, failing imports."""

from collections.abc import Iterator

import libcst as cst

OLDEST = (3, 11)  # the oldest supported Python
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})


def branches(statement: cst.If) -> Iterator[tuple[cst.BaseSuite | cst.If, bool]]:
    """The branches that may be executed, each with whether only type checkers see it. An `elif` is a separate statement."""
    orelse = statement.orelse
    other = orelse.body if isinstance(orelse, cst.Else) else orelse
    taken = is_taken(statement.test)
    negated = isinstance(statement.test, cst.UnaryOperation) and isinstance(statement.test.operator, cst.Not)
    test = statement.test.expression if isinstance(statement.test, cst.UnaryOperation) else statement.test
    is_checking = _is_type_checking(test)
    if taken is not False:
        yield statement.body, is_checking and not negated
    if taken is not True and other is not None:
        yield other, is_checking and negated


def is_import_fallback(handler: cst.ExceptHandler) -> bool:
    """Whether an `except` handles a failing import."""
    match handler.type:
        case None:
            return True
        case cst.Name(value=name):
            return name in _IMPORT_ERRORS
        case cst.Tuple(elements=elements):
            return any(isinstance(e.value, cst.Name) and e.value.value in _IMPORT_ERRORS for e in elements)
        case _:
            return False


def _is_type_checking(node: cst.BaseExpression) -> bool:
    match node:
        case cst.Name(value="TYPE_CHECKING") | cst.Attribute(attr=cst.Name(value="TYPE_CHECKING")):
            return True
        case _:
            return False


def is_taken(test: cst.BaseExpression) -> bool | None:
    """The result of a comparison with `sys.version_info` on all supported Pythons; None if it differs between them."""
    match test:
        case cst.Comparison(
            left=cst.Attribute(value=cst.Name(value="sys"), attr=cst.Name(value="version_info")),
            comparisons=[cst.ComparisonTarget(operator=operator, comparator=cst.Tuple(elements=elements))],
        ):
            parts = tuple(e.value.evaluated_value for e in elements if isinstance(e.value, cst.Integer))
            if len(parts) != len(elements) or parts > OLDEST:
                return None
            match operator:
                case cst.GreaterThanEqual():
                    return True
                case cst.LessThan():
                    return False
                case _:
                    return None
        case _:
            return None
