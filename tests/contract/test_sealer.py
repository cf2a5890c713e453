"""What every sealer promises: a stranger can check the mark with nothing but the mark."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.base.sm import SM2_WITH_SM3_OID
from kaipiao.delivery.readers.ses import common_name, is_signed_by
from kaipiao.delivery.readers.signed_data import read_signed_data
from kaipiao.delivery.renditions.ofd.signed_data import compose_signed_data
from kaipiao.ports import Sealer
from kaipiao.seal.local import open_seal

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(params=["local"])
def sealer(request: pytest.FixtureRequest, tmp_path: Path) -> Sealer:
    return {"local": open_seal}[request.param](tmp_path, "kaipiao.example/31-1", now=NOW)


@pytest.mark.parametrize("data", [b"", b"text", bytes(32), b"\xff" * 100_000])
async def test_the_certificate_of_a_mark_verifies_its_signature(
    sealer: Sealer, data: bytes
) -> None:
    mark = await sealer.seal(data)

    assert mark.algorithm == SM2_WITH_SM3_OID
    assert is_signed_by(data, mark.signature, mark.certificate)
    assert not is_signed_by(data + b"x", mark.signature, mark.certificate)


async def test_a_mark_names_who_its_certificate_names(sealer: Sealer) -> None:
    mark = await sealer.seal(b"text")

    assert mark.who == common_name(mark.certificate) != ""


async def test_a_mark_fits_into_a_document_and_is_read_back(sealer: Sealer) -> None:
    mark = await sealer.seal(bytes(32))

    found = read_signed_data(compose_signed_data(bytes(32), mark))

    assert (found.signature_right, found.signer) == (True, mark.who)


async def test_it_signs_again_and_again_for_one_key(sealer: Sealer) -> None:
    marks = [await sealer.seal(b"text") for _ in range(3)]

    assert len({mark.certificate for mark in marks}) == 1
