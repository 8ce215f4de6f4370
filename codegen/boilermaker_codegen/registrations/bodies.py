"""Names that function bodies bind and expressions that they return, for the bodies that are kept (see `trimming`)."""

from collections.abc import Iterator

import libcst as cst

from boilermaker_codegen.source.walking import descendants


def local_value(name: str, function: cst.FunctionDef) -> tuple[bool, cst.BaseExpression | None]:
    """Whether a function's body binds a name, and the value if that is evident."""
    is_bound = False
    for node in descendants(function.body):
        match node:
            case cst.Assign(targets=targets, value=value):
                if any(isinstance(t.target, cst.Name) and t.target.value == name for t in targets):
                    return True, value
            case cst.AnnAssign(target=cst.Name(value=bound), value=value) if bound == name:
                return True, value
            case cst.For(target=cst.Name(value=bound)) if bound == name:
                is_bound = True
            case cst.ImportAlias(name=imported, asname=asname):
                local = asname.name if asname else imported
                is_bound = is_bound or (isinstance(local, cst.Name) and local.value == name)
            case _:
                pass
    return is_bound, None


def returned_by(function: cst.FunctionDef) -> Iterator[cst.BaseExpression]:
    """The expressions that a function returns."""
    for node in descendants(function.body, enter=lambda n: not isinstance(n, cst.FunctionDef | cst.Lambda)):
        if isinstance(node, cst.Return) and node.value is not None:
            yield node.value
