"""An XML document as its leaves: what it says, whatever its white space looks like.

The canonical bytes that a signature covers, and what a verifier compares.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import msgspec

Leaves = list[tuple[str, str]]
"""Path below the root and exact text, in document order."""


def leaves_of(root: Element, *, without: str) -> Leaves:
    """Every leaf but those at and below the path ``without``.

    Attributes and loose text between elements are leaves of their own: nothing that a file
    says is passed over.  White space alone says nothing.
    """
    return list(_walk(root, "", without))


def canonical_leaves(leaves: Leaves) -> bytes:
    """What is signed: a compact UTF-8 JSON array of [path, text]."""
    return msgspec.json.encode(leaves)


def _walk(element: Element, path: str, without: str) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        yield f"{path}@{name}", value
    if not len(element):
        yield path, element.text or ""
        return
    if (element.text or "").strip():
        yield f"{path}#text", element.text or ""
    for child in element:
        below = f"{path}/{child.tag}" if path else child.tag
        if below != without:
            yield from _walk(child, below, without)
        if (child.tail or "").strip():
            yield f"{path}#text", child.tail or ""
