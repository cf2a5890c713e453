"""Damaged documents of every kind are read or unreadable, soon, and nothing else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.judge import judge
from kaipiao.delivery.readers.ofd_seal import check_seals
from kaipiao.delivery.readers.read import read_document
from kaipiao.delivery.readers.ses import read_seal
from kaipiao.delivery.sheets.read import read_sheet
from tests.made_documents import (
    einvoice,
    mutations,
    ofd_parts,
    packed,
    seal,
    sealed,
    vat2019,
    xbrl,
)


@pytest.mark.parametrize(
    "data",
    [
        einvoice(),
        vat2019(),
        xbrl(),
        packed(ofd_parts()),
        packed(sealed(ofd_parts(vat2019()))),
    ],
    ids=["einvoice", "vat2019", "xbrl", "ofd by tags", "ofd sealed"],
)
def test_a_damaged_document_is_read_or_unreadable(data: bytes) -> None:
    for damaged in mutations(data, rounds=200):
        with contextlib.suppress(Unreadable):
            judge(read_document(damaged))
        with contextlib.suppress(Unreadable):
            check_seals(damaged)


def test_a_damaged_seal_is_read_or_unreadable() -> None:
    for damaged in mutations(seal(b"<Signature/>"), rounds=400):
        with contextlib.suppress(Unreadable):
            read_seal(damaged)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_unreadable(data: bytes) -> None:
    for read in (read_document, check_seals, read_sheet, read_seal):
        with contextlib.suppress(Unreadable):
            read(data)
