"""The QR code in a picture is found as it is photographed, and read as one invoice's or refused."""

from datetime import date

import pytest

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.picture import is_picture, read_picture
from kaipiao.delivery.readers.report import read_report
from kaipiao.fiscal.qr import compose_qr
from tests.made_documents import mutations
from tests.made_pictures import photo

TEXT, OTHER = (
    compose_qr(qr_type="32", number=number, gross_fen=11_300, day=date(2026, 11, 24))
    for number in ("26311000000000000001", "26311000000000000002")
)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("turned", [0, 11, 90, 195])
def test_the_code_is_found_however_the_page_lies(kind: str, turned: float) -> None:
    data = photo(TEXT, kind=kind, turned=turned)

    assert is_picture(data)
    assert read_picture(data) == TEXT


def test_a_large_photograph_is_made_smaller_first() -> None:
    assert read_picture(photo(TEXT, size=(5_000, 4_000))) == TEXT


def test_other_codes_on_the_page_do_not_disturb() -> None:
    report = read_report(photo("https://example.invalid/app", TEXT))

    assert report.kind == "picture"
    assert report.verdicts["qr"].verdict == "right"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (photo(), "no invoice's QR code"),
        (photo("https://example.invalid/app"), "no invoice's QR code"),
        (photo(TEXT, OTHER), "several invoices"),
        (photo(TEXT, kind="PNG", size=(3_000, 2_700)), "too large"),
        (photo(TEXT)[:400], "damaged|no invoice's"),
    ],
)
def test_what_is_no_picture_of_one_invoice_says_so(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as caught:
        read_picture(data)

    assert caught.value.zh


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_damaged_picture_is_read_or_unreadable(kind: str) -> None:
    for damaged in mutations(photo(TEXT, kind=kind, size=(600, 500)), rounds=60):
        try:
            read_report(damaged)
        except Unreadable:
            continue
