"""XML as text: elements of the OFD namespace, in the order and spelling of the schema."""

import re
from functools import lru_cache

NAMESPACE = "http://www.ofdspec.org/2016"
MAKER, MAKER_VERSION = "Kaipiao", "1"
"""Who wrote the file, and the version of what is written: to be raised when its parts change."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold, not even escaped."""


def escape(text: str) -> str:
    """Text as content or attribute; a character that XML has no place for becomes U+FFFD."""
    return _NO_XML.sub("\ufffd", text).translate(_ESCAPES)


def element(name: str, inside: str = "", /, **attributes: object) -> str:
    """``<ofd:name …>inside</ofd:name>``; ``inside`` is markup already, attributes are not."""
    written = "".join(f' {key}="{escape(str(value))}"' for key, value in attributes.items())
    if not inside:
        return f"<ofd:{name}{written}/>"
    return f"<ofd:{name}{written}>{inside}</ofd:{name}>"


def leaf(name: str, text: str, /, **attributes: object) -> str:
    return element(name, escape(text), **attributes)


def part(name: str, inside: str, /, **attributes: object) -> bytes:
    """A whole part of the package: declaration, root in its namespace, content."""
    root = element(name, inside or " ", **attributes)
    declared = root.replace(f"<ofd:{name}", f'<ofd:{name} xmlns:ofd="{NAMESPACE}"', 1)
    return (_DECLARATION + declared).encode()


@lru_cache(maxsize=16_384)
def decimal(value: float) -> str:
    """At most four decimals, a tenth of a micrometre where it is millimetres; no zero to spare."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def array(*values: float) -> str:
    """Numbers with blanks between them (ST_Array, ST_Box, ST_Pos)."""
    return " ".join(map(decimal, values))
