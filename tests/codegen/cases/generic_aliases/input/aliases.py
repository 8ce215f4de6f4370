from typing import Dict, TypeVar, Union

from models import Page
from variables import T
from typing_extensions import TypeAlias

K = TypeVar("K")
V = TypeVar("V")

Index = Dict[str, T]
Lookup = Index[Dict[V, K]]
Maybe: TypeAlias = Union[T, None]
Pages = list[Page[T]]
Renamed = Page
