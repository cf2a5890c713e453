"""QR strings: ours read back; other checksums are named, and never called forged."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.qr import compose_qr, crc16, read_qr

LIST = Path(__file__).parents[3] / "../shared/samples/lists/qr_strings.csv"
OURS = compose_qr(
    qr_type="32", number="26317000000000000042", gross_fen=11_300, day=date(2026, 11, 24)
)

numbers = st.from_regex(r"[0-9]{20}", fullmatch=True)
days = st.dates(date(2021, 12, 1), date(2099, 12, 31))
amounts = st.integers(-(10**17), 10**17)


def test_the_checksums_are_the_ones_everybody_uses() -> None:
    """Check values from the catalogue of parametrised CRC algorithms."""
    assert crc16(b"123456789") == 0xFEE8  # UMTS
    assert crc16(b"123456789", reflected=True) == 0xBB3D  # ARC
    assert crc16(b"123456789", start=0xFFFF, reflected=True) == 0x4B37  # MODBUS


@given(st.sampled_from(["31", "32"]), numbers, amounts, days)
def test_ours_reads_back(qr_type: str, number: str, gross_fen: int, day: date) -> None:
    text = compose_qr(qr_type=qr_type, number=number, gross_fen=gross_fen, day=day)
    reading = read_qr(text)

    assert (reading.type, reading.number, reading.day) == (qr_type, number, day)
    assert (reading.amount_fen, reading.amount_is) == (gross_fen, "gross")
    assert reading.checksum == "umts"
    assert read_qr(f"{text},\n") == reading


@given(st.integers(3, len(OURS) - 5), st.sampled_from("0123456789"))
def test_one_digit_misread_is_never_called_right(place: int, digit: str) -> None:
    if OURS[place] == digit or not OURS[place].isdigit():
        return
    try:
        reading = read_qr(OURS[:place] + digit + OURS[place + 1 :])
    except ValueError:
        return  # no such day
    assert reading.checksum == "unknown"


def test_the_three_checksums_are_told_apart() -> None:
    covered = OURS[: -len("XXXX")]
    data = covered.encode()

    assert read_qr(f"{covered}{crc16(data, reflected=True):04x}").checksum == "arc"
    assert read_qr(f"{covered}{crc16(data, start=0xFFFF, reflected=True):04x}").checksum == "modbus"
    assert read_qr(f"{covered}0000").checksum == "unknown"
    assert read_qr(covered).checksum == "unknown"


def test_the_codes_of_the_former_devices_carry_the_amount_without_tax() -> None:
    reading = read_qr("01,10,033002000211,83089647,510.68,20200723,16197833567414507415,0000,")

    assert (reading.code, reading.amount_fen, reading.amount_is) == ("033002000211", 51_068, "net")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "https://example.org",
        "02,32,,1,1,1,1,1",
        "01,32",
        OURS * 9,
        "01,32,,,,,,",
        "01,32,,26317000000000000042,1.234,20261124,,0000",
        "01,32,,2631,1.00,20261124,,0000",
        "01,32,,26317000000000000042,1.00,20261324,,0000",
        OURS.replace(",", "，"),
        "\ud800",
    ],
)
def test_garbage_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"QR string|day"):
        read_qr(text)


@given(st.text(max_size=120))
def test_no_text_makes_it_stumble(text: str) -> None:
    with pytest.raises(ValueError):
        read_qr(text)


@pytest.mark.skipif(not LIST.exists(), reason="../shared is absent")
def test_real_strings_have_the_verdict_of_the_list() -> None:
    with LIST.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            assert read_qr(row["payload"]).checksum in row["verdict"].lower(), row
