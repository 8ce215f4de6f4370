"""Docstrings as they are written in the source."""

import inspect

import libcst as cst


def doc_of(node: cst.ClassDef | cst.FunctionDef) -> str | None:
    """The cleaned docstring of a class or a function; None where there is none, or an empty one."""
    doc = node.get_docstring(clean=False)
    return (inspect.cleandoc(doc) or None) if doc else None
