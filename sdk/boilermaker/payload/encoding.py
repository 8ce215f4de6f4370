"""Encodes values as JSON, and explains why a value cannot be encoded."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from boilermaker.payload.externals import NONE, Externals
from boilermaker.payload.unfit import UnfitValue
from boilermaker.workflow.ref import Ref


def encode(value: object, externals: Externals = NONE) -> bytes:
    """Encode a value as JSON. Errors of msgspec are not translated; see `unencodable`.

    Raises:
        UnfitValue: a part of it cannot be encoded.
    """
    return _encoder(externals).encode(value)


@lru_cache(maxsize=256)
def _encoder(externals: Externals) -> msgspec.json.Encoder:
    def written(value: object) -> object:
        return _stranger(value) if externals.of(type(value)) is None else externals.encode(value)

    return msgspec.json.Encoder(enc_hook=written)


def _stranger(value: object) -> object:
    if isinstance(value, Ref):
        raise UnfitValue(("a reference must be an argument itself, not a part of one",))
    if isinstance(getattr(value, "result", None), Ref):
        raise UnfitValue(("a task is not a value; did you mean `.result`?",))
    shown = type(value).__qualname__
    if hasattr(value, "model_dump"):  # a pydantic model; pydantic is not imported for this
        own = f"pass the class of that name from the stubs, as {shown}(**value.model_dump())"
        raise UnfitValue((f"`{shown}` has no JSON form: {own}",))
    raise UnfitValue((f"`{shown}` has no JSON form: pass a value of the types in the signature",))


def unencodable(given: Mapping[str, object], externals: Externals = NONE) -> tuple[str, ...]:
    """Why arguments cannot be encoded as JSON, one sentence for each."""
    problems: list[str] = []
    for name, value in given.items():
        try:
            encode(value, externals)
        except UnfitValue as unfit:
            problems.extend(f"{name}: {problem}" for problem in unfit.problems)
        except RecursionError:
            problems.append(f"{name}: nested too deeply, or in itself")
        except UnicodeEncodeError:
            problems.append(f"{name}: text with a lone surrogate has no UTF-8 form")
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            problems.append(f"{name}: has no JSON form ({type(error).__name__})")
    return tuple(problems)
