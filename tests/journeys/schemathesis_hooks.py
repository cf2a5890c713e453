"""What schemathesis must be told to speak to us: NDJSON, and how whole numbers are written."""

from typing import Any

import schemathesis
from schemathesis.transport.serialization import Binary


@schemathesis.serializer("application/x-ndjson")
def as_lines(ctx: Any, value: Any) -> bytes:
    """A batch's body is described as text; it is sent as it is."""
    if isinstance(value, Binary):
        return value.data
    return str(value).encode("utf-8", "replace")


@schemathesis.hook
def map_body(ctx: Any, body: Any) -> Any:
    """To JSON Schema 5.0 is an integer; we take whole numbers only as such, and say so."""
    return _whole(body)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
