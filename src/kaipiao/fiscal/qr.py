"""QR strings (二维码): what the code on an invoice says, and whether it was copied right.

    01,<type>,<code>,<number>,<amount>,<yyyymmdd>,<check>,<crc>

For a digital invoice ``code`` and ``check`` are empty and the amount is 价税合计.  The codes of
the former tax-control devices carry an invoice code, and their amount is without tax.

The checksum is a CRC-16 with polynomial 0x8005 over the ASCII text up to and including the
comma before it.  It proves no origin, only that nothing was misread; the platform writes UMTS
in capitals, other issuers ARC or MODBUS.  Any other checksum is ``unknown``: never "forged".
"""

import re
from datetime import date
from typing import Literal

import msgspec

from kaipiao.fiscal.money import format_yuan, parse_yuan

Checksum = Literal["umts", "arc", "modbus", "unknown"]

TEXT_MAX = 200
_FIELDS = re.compile(
    r"(?P<covered>01,(?P<type>[0-9]{2}),(?P<code>[0-9]{0,12}),(?P<number>[0-9]{8}|[0-9]{20}),"
    r"(?P<amount>-?[0-9]{1,16}(?:\.[0-9]{1,2})?),(?P<day>[0-9]{8}),(?P<check>[0-9]{0,20}),)"
    r"(?P<crc>[0-9A-Za-z]{0,8}),?"
)


class QrReading(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a QR string.  ``amount_is`` says whether the amount includes the tax."""

    type: str
    code: str
    number: str
    amount_fen: int
    amount_is: Literal["gross", "net"]
    day: date
    check: str
    crc: str
    checksum: Checksum


def compose_qr(*, qr_type: str, number: str, gross_fen: int, day: date) -> str:
    """The string for an invoice of ours: checksum UMTS, four capital hexadecimal digits."""
    assert re.fullmatch("[0-9]{2}", qr_type)
    assert re.fullmatch("[0-9]{20}", number)
    covered = f"01,{qr_type},,{number},{format_yuan(gross_fen)},{day:%Y%m%d},,"
    return f"{covered}{crc16(covered.encode('ascii')):04X}"


def read_qr(text: str) -> QrReading:
    """Read a string that came from a scanner; a comma or blank at its end is forgiven.

    Raises:
        ValueError: if it is not an invoice's QR string at all.
    """
    found = _FIELDS.fullmatch(text.strip()) if len(text) <= TEXT_MAX else None
    if not found:
        raise ValueError(
            "an invoice's QR string is 01,type,code,number,amount,yyyymmdd,check,crc; "
            f"got {text[:80]!a}"
        )
    return QrReading(
        type=found["type"],
        code=found["code"],
        number=found["number"],
        amount_fen=parse_yuan(found["amount"]),
        amount_is="net" if found["code"] else "gross",
        day=_read_day(found["day"]),
        check=found["check"],
        crc=found["crc"],
        checksum=_name_checksum(found["covered"].encode("ascii"), found["crc"]),
    )


def crc16(data: bytes, *, start: int = 0, reflected: bool = False) -> int:
    """CRC-16 with polynomial 0x8005, no final xor: UMTS by default.

    Reflected it is ARC; reflected and started at 0xFFFF, MODBUS.
    """
    register = start
    for byte in data:
        if reflected:
            register ^= byte
            for _ in range(8):
                register = register >> 1 ^ (0xA001 if register & 1 else 0)
        else:
            register ^= byte << 8
            for _ in range(8):
                register = (register << 1 ^ (0x8005 if register & 0x8000 else 0)) & 0xFFFF
    return register


def _name_checksum(covered: bytes, crc: str) -> Checksum:
    """Which checksum this is, in either case of letters."""
    given = crc.upper()
    if given == f"{crc16(covered):04X}":
        return "umts"
    if given == f"{crc16(covered, reflected=True):04X}":
        return "arc"
    if given == f"{crc16(covered, start=0xFFFF, reflected=True):04X}":
        return "modbus"
    return "unknown"


def _read_day(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ValueError(f"{text} is not a day, yyyymmdd") from None
