"""The free names of an expression: names that its own lambdas and comprehensions bind are left out."""

from collections.abc import Iterator, Sequence

import libcst as cst

from boilermaker_codegen.source.symbols import dotted

_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


def free_names(node: cst.CSTNode, bound: frozenset[str] = frozenset()) -> Iterator[cst.Name | cst.Attribute]:
    """Names and dotted names, in source order; of `a.b().c` the part before the call."""
    if isinstance(node, cst.Name | cst.Attribute) and (full := dotted(node)):
        if full.partition(".")[0] not in bound:
            yield node
        return
    if isinstance(node, _COMPREHENSIONS):
        bound |= frozenset(_targets(node))
    elif isinstance(node, cst.Lambda):
        yield from (name for default in _defaults(node) for name in free_names(default, bound))
        bound |= {parameter.name.value for parameter in _parameters(node.params)}
    for part in _parts(node):
        yield from free_names(part, bound)


def _parts(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """The parts of a node that may contain free names."""
    match node:
        case cst.Attribute(value=inner) | cst.Arg(value=inner) | cst.NamedExpr(value=inner):
            return (inner,)  # not the attribute's name, the keyword, the target
        case cst.Lambda(body=body):
            return (body,)
        case _:
            return node.children


def _defaults(node: cst.Lambda) -> Iterator[cst.BaseExpression]:
    return (parameter.default for parameter in _parameters(node.params) if parameter.default is not None)


def _parameters(node: cst.Parameters) -> Iterator[cst.Param]:
    yield from (*node.posonly_params, *node.params, *node.kwonly_params)
    yield from (star for star in (node.star_arg, node.star_kwarg) if isinstance(star, cst.Param))


def _targets(node: cst.CSTNode) -> Iterator[str]:
    """Names that the loops of a comprehension bind."""
    for child in node.children:
        if isinstance(child, cst.CompFor):
            yield from _names_in(child.target)
            yield from _targets(child)


def _names_in(target: cst.CSTNode) -> Iterator[str]:
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, cst.Tuple | cst.List | cst.Element | cst.StarredElement):
        for child in target.children:
            yield from _names_in(child)
