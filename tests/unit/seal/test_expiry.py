"""When a certificate ends is read from it, not guessed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kaipiao.seal.certificate import VALID_FOR
from kaipiao.seal.expiry import ends_at
from kaipiao.seal.local import create_seal

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_the_certificate_of_a_seal_ends_when_it_was_made_to(tmp_path: Path) -> None:
    create_seal(tmp_path, "kaipiao.example/31-1", now=NOW)

    ends = ends_at((tmp_path / "seal.crt").read_bytes())

    assert abs(ends - (NOW + VALID_FOR)) <= timedelta(days=1)


def test_what_is_no_certificate_has_no_end() -> None:
    with pytest.raises(ValueError):
        ends_at(b"nothing of the kind")
