"""What is in the list is known when it has run: one of these names is a builtin's."""

import importlib

Plugin = int
list = tuple

__all__ = ["Plugin"]
__all__ += importlib.import_module("plugins_here").__all__
