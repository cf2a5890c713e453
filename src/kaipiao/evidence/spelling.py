"""Values that have one spelling each, so that equal texts and equal values are the same thing."""

from base64 import b64decode, b64encode

SIZE_MAX = 2**63 - 1
_SIZE_DIGITS_MAX = len(str(SIZE_MAX))


def parse_base64(text: str) -> bytes:
    """Standard base64 with padding, in its only spelling.

    Raises:
        ValueError: if it is anything else.
    """
    content = b64decode(text, validate=True)
    if b64encode(content).decode() != text:
        raise ValueError("base64 has one spelling for each value, and this is another")
    return content


def parse_size(text: str) -> int:
    """A whole number in its only spelling.

    Raises:
        ValueError: if it is anything else, or larger than any log.
    """
    well_formed = text.isascii() and text.isdigit() and len(text) <= _SIZE_DIGITS_MAX
    if not well_formed or (text[0] == "0" and text != "0") or int(text) > SIZE_MAX:
        raise ValueError("a size is a whole number without leading zeros")
    return int(text)
