"""What lies in a queue's dead-letter sub-queue: looking at it, sending it again, removing it, telling of it.

The command line's `boilermaker dead-letters` is made of this; so can a service's own tools be.
"""

from boilermaker.dead_letters.box import DeadLetters, Fate, Survey, Tally
from boilermaker.dead_letters.letter import BUS_REASONS, DeadLetter, Selection

__all__ = ["BUS_REASONS", "DeadLetter", "DeadLetters", "Fate", "Selection", "Survey", "Tally"]
