"""The dead letters of a queue: inspect, replay, purge and sweep them.

`boilermaker dead-letters` is built on this package; a service's own tools can use it too.
"""

from boilermaker.dead_letters.box import DeadLetters, Fate, Survey, Tally
from boilermaker.dead_letters.letter import BUS_REASONS, DeadLetter, Selection

__all__ = ["BUS_REASONS", "DeadLetter", "DeadLetters", "Fate", "Selection", "Survey", "Tally"]
