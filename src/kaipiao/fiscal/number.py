"""Invoice numbers (发票号码): the twenty digits that name one issued invoice.

Read from the left:

    26 31 1 000000000000042
    │  │  │ └── serial, fifteen digits, never reused
    │  │  └──── channel it was issued through
    │  └─────── area of the tax bureau (GB/T 2260 province, or 91–95)
    └────────── year

There is no check digit; the channel digit is opaque (2, 7 and 9 were seen in the wild).
"""

from typing import NamedTuple, NewType

InvoiceNumber = NewType("InvoiceNumber", str)
"""Only ``parse_number`` and ``compose_number`` make one, so holding one means it is well formed."""

Series = NewType("Series", int)
"""Year, area and channel read as one number of five digits: all that share one run of serials."""

SERIAL_MAX = 10**15 - 1


class NumberParts(NamedTuple):
    year: int
    area: int
    channel: int
    serial: int


def parse_number(text: str) -> InvoiceNumber:
    """Read a number that came from outside.

    Raises:
        ValueError: if no invoice could bear this number.
    """
    if len(text) != 20 or not (text.isascii() and text.isdigit()):
        raise ValueError(f"an invoice number is twenty digits, got {text!r}")
    return InvoiceNumber(text)


def compose_series(year: int, area: int, channel: int) -> Series:
    """``year`` may be given in full; only its last two digits are written."""
    assert 0 <= area <= 99
    assert 0 <= channel <= 9
    return Series(year % 100 * 1000 + area * 10 + channel)


def compose_number(series: Series, serial: int) -> InvoiceNumber:
    """Make a number of our own; parts out of range are our bug, not the caller's."""
    assert 0 <= series <= 99_999
    assert 0 <= serial <= SERIAL_MAX
    return InvoiceNumber(f"{series:05}{serial:015}")


def split_number(number: InvoiceNumber) -> tuple[Series, int]:
    """The series and the serial: how the ledger keeps a number."""
    return Series(int(number[:5])), int(number[5:])


def number_parts(number: InvoiceNumber) -> NumberParts:
    return NumberParts(int(number[:2]), int(number[2:4]), int(number[4]), int(number[5:]))
