"""Messages that look like those of 1.x and are none: whatever is in them, reading ends in an envelope or in one error."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from boilermaker.envelope import codec, legacy
from boilermaker.envelope.identity import Identity
from boilermaker.errors import EnvelopeError
from boilermaker.introspection.signature import read
from boilermaker.payload import UnfitValue

RECORDED = [
    json.loads(path.read_bytes())
    for path in sorted((Path(__file__).parent / "messages").iterdir())
    if path.stat().st_size < 5_000
]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A recorded message with some of its parts, at any depth, replaced or gone."""
    message: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(RECORDED))))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = message
        while True:
            key = draw(st.sampled_from(sorted(place)))
            if isinstance(place[key], dict) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.booleans()):
                place[key] = draw(anything)
            else:
                del place[key]
            break
        if not message:
            break
    return json.dumps(message).encode()


async def create_user(state: None, email: str, name: str = "nobody") -> int:
    raise NotImplementedError


@given(body=mutated())
@settings(max_examples=1000, deadline=None)
def test_a_changed_message_is_read_or_refused(body: bytes) -> None:
    """And what is read can go on as an envelope of ours."""
    try:
        envelope = legacy.read(body, "tasks")
        step = envelope.current
        again = codec.decode(codec.restart(envelope, Identity("again", "0" * 32)))
    except EnvelopeError:
        return
    assert step == again.current
    try:
        legacy.bound(step, read(create_user).parameters)
    except UnfitValue:
        return
