from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Generic, Optional

import variables

Perhaps = Optional[variables.T]


@dataclass
class Page(Generic[variables.T]):
    items: list[variables.T]
    latest: dict[str, Perhaps[variables.T]]


@dataclass
class Node(Generic[variables.T]):
    value: variables.T


NodesOfInt = Dict[str, Node[int]]
IntPages = Page[NodesOfInt]
