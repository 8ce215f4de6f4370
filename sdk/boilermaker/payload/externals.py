"""Third-party types: how their values are serialized, as configured by `Boilermaker(external=...)`.

The configuration itself, `External`, is in `tasks.options`.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as shapes

from boilermaker.errors import ConfigurationError
from boilermaker.payload import finite
from boilermaker.payload.unfit import SafeWordsError, UnfitValue, sentence
from boilermaker.tasks.options import External

# msgspec encodes objects of these and of their subclasses itself, without calling a hook.
_WRITTEN_ANYHOW: tuple[type[Any], ...] = (list, tuple, set, frozenset, dict, UUID)


class Externals:
    """The third-party types of one worker. Compared by identity, because decoders are cached for it.

    Attributes:
        decode_hook: called by msgspec for classes that it does not support; None if there are no types.

    Raises:
        ConfigurationError: an entry is not a class, is supported by msgspec, or does not say how it is serialized.
    """

    def __init__(self, given: Mapping[type, External] | None = None) -> None:
        self._given = dict(given or {})
        for cls, external in self._given.items():
            _check(cls, external)
        self.decode_hook = self._decode if self._given else None

    def __iter__(self) -> Iterator[type]:
        return iter(self._given)

    def of(self, cls: Any) -> External | None:
        """How objects of a class are serialized; None if not configured."""
        try:
            return self._given.get(cls)
        except TypeError:  # unhashable: an annotation, not a class
            return None

    def _decode(self, cls: Any, value: Any) -> Any:
        """Convert what msgspec decoded into an object of a class; msgspec calls this.

        Raises:
            SafeWordsError: it cannot be converted.
        """
        external = self.of(cls)
        if external is None:
            return value  # declared as `object`, which accepts anything
        try:
            wire = msgspec.convert(value, external.wire, str_keys=True, dec_hook=self.decode_hook)
        except (msgspec.ValidationError, ValueError, RecursionError) as error:
            raise SafeWordsError(sentence("", error).removeprefix(": ")) from None
        if (huge := finite.huge_part(wire, external.wire)) is not None:
            raise SafeWordsError(huge)
        make: Callable[[Any], Any] = external.decode or cls
        try:
            return make(wire)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit, which would end one worker after the other
            said = f"the decoder of `{cls.__qualname__}` raised {type(error).__qualname__}"
            raise SafeWordsError(said) from error

    def encode(self, value: object) -> object:
        """Convert an object into its wire type; msgspec calls this for objects that it does not support.

        Raises:
            TypeError: its class is not configured.
            UnfitValue: its encoder raised, or returned a float that has no JSON form.
        """
        external = self.of(type(value))
        if external is None:
            raise TypeError(f"`{type(value).__qualname__}` has no JSON form")
        make: Callable[[Any], object] = external.encode or external.wire
        name = type(value).__qualname__
        try:
            wire = make(value)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise UnfitValue((f"the encoder of `{name}` raised {type(error).__qualname__}",)) from error
        if (unfit := finite.unfit_result(wire, external.wire)) is not None:
            raise UnfitValue((f"`{name}`: {unfit}",))
        return wire


def known(given: Mapping[type, External] | None) -> Externals:
    """The third-party types of a worker; NONE if there are none."""
    return Externals(given) if given else NONE


NONE = Externals()
"""No third-party types, as in producers: stubs use the wire type."""


def is_carried(cls: Any) -> bool:
    """Whether msgspec supports a class itself."""
    return not isinstance(shapes.type_info(cls), shapes.CustomType)


def how_to_say(cls: Any) -> str:
    """How to configure a class that is not configured, as a hint for errors."""
    name = cls.__name__
    if hasattr(cls, "model_validate") and hasattr(
        cls, "model_dump"
    ):  # a pydantic model, which `str` does not serialize
        wire = f"wire=dict[str, Any], decode={name}.model_validate, encode=lambda model: model.model_dump(mode='json')"
        return f"say how it travels: `Boilermaker(..., external={{{name}: External({wire})}})`"
    return f"say how it travels: `Boilermaker(..., external={{{name}: External(wire=str, decode={name}, encode=str)}})`"


def _check(cls: Any, external: External) -> None:
    if not isinstance(cls, type):
        raise ConfigurationError(f"external: {cls!r} is not a class; use classes as keys")
    name = cls.__qualname__
    if not isinstance(external, External):  # pyright: ignore[reportUnnecessaryIsInstance] - users without a checker
        raise ConfigurationError(f"external: `{name}` must have an `External(wire=...)`")
    if is_carried(cls) and issubclass(cls, enum.Enum):
        raise ConfigurationError(
            f"external: msgspec carries the enum `{name}` by itself; leave it out, and declare an enum of your own with its values "
            f"for stubs: the generator reads no code of third parties"
        )
    if is_carried(cls):
        raise ConfigurationError(f"external: msgspec carries `{name}` by itself; leave it out")
    if issubclass(cls, _WRITTEN_ANYHOW):
        base = next(base.__name__ for base in _WRITTEN_ANYHOW if issubclass(cls, base))
        raise ConfigurationError(
            f"external: msgspec writes objects of `{name}` as any `{base}`, without asking how; use `{base}`"
        )
    if external.encode is None and not isinstance(external.wire, type):
        raise ConfigurationError(
            f"external: `{name}` needs `encode`: `{external.wire}` cannot be called with an object to make what travels"
        )
