"""The two signers of a cell, for the tests of signed renditions."""

from datetime import UTC, datetime
from pathlib import Path

from kaipiao.delivery.renditions.make import Press
from kaipiao.ports import Mark
from kaipiao.seal.document_key import DocumentKey, open_document_key
from kaipiao.seal.local import open_seal

PLATFORM = "kaipiao.example/31-1"
MADE_AT = datetime(2026, 11, 1, tzinfo=UTC)


def document_key(folder: Path) -> DocumentKey:
    return open_document_key(folder, PLATFORM, now=MADE_AT)


def signing_press(folder: Path) -> Press:
    """Signs everything, as the workshop's child does."""
    seal = open_seal(folder, PLATFORM, now=MADE_AT)

    def sign(data: bytes) -> Mark:
        try:
            seal.seal(data).send(None)  # it waits for nothing, so it ends at its first step
        except StopIteration as done:
            mark: Mark = done.value
        return mark

    return Press(sign, document_key(folder))
