from dataclasses import dataclass


@dataclass
class Address:
    street: str


@dataclass
class Task:
    title: str
