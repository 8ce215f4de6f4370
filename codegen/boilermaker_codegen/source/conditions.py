"""Which branches of a module Python takes, as far as the text says: type checking, old versions, imports that fail."""

from collections.abc import Iterator

import libcst as cst

OLDEST = (3, 11)  # the oldest Python that Boilermaker runs on
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})


def branches(statement: cst.If) -> Iterator[tuple[cst.BaseSuite | cst.If, bool]]:
    """The branches that may be taken, each with whether type checkers alone take it. An `elif` is a statement of its own."""
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
    """Whether an `except` is there for an import that fails."""
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
    """What a comparison with `sys.version_info` gives on each Python that Boilermaker runs on; None where it differs."""
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
