from typing import TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key")
Label = TypeVar("T")
