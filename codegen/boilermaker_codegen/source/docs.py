"""Docstrings in the source."""

import inspect

import libcst as cst


def doc_of(node: cst.ClassDef | cst.FunctionDef) -> str | None:
    """The cleaned docstring of a class or a function; None if it is missing or empty."""
    doc = node.get_docstring(clean=False)
    return (inspect.cleandoc(doc) or None) if doc else None
