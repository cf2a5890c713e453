"""``kaipiao read``: what a QR text, an XML or an OFD invoice says."""

from pathlib import Path

import click
import msgspec

from kaipiao.base.archive import is_zip
from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.judge import judge
from kaipiao.delivery.readers.ofd_seal import SealReport, check_seals
from kaipiao.delivery.readers.read import read_document
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.qr import read_qr
from kaipiao.fiscal.violation import Violation, errors_of

_CHECKSUMS = {
    "umts": ("校验码正确", "the checksum is right"),
    "arc": ("校验码正确 (ARC)", "the checksum is right (ARC)"),
    "modbus": ("校验码正确 (MODBUS)", "the checksum is right (MODBUS)"),
    "unknown": (
        "校验码算法未知 (不代表伪造)",
        "the checksum is of no kind we know (which does not mean forged)",
    ),
}
_SEALS = {
    "right": ("签章: 完好", "Seals: intact"),
    "wrong": ("签章: 不符, 文件在签章后被改动", "Seals: WRONG, the file is not what was sealed"),
    "unknown": ("签章: 无法识别", "Seals: of a kind we do not know"),
    "unsealed": ("签章: 无", "Seals: none"),
}


@click.command(
    "read",
    help=t(
        """读取发票: 二维码文本 (--qr), 或 XML、OFD 文件。不连网。

        文件还会与自身核对 (合计、大写、二维码、版面、OFD 签章) 并按开票日的规则校验。

        \b
        例:  kaipiao read --qr 01,32,,26311000000000000001,113.00,20261124,,9A3F --json
             kaipiao read 发票.ofd
             kaipiao read 发票.xml --json

        --qr --json 的字段: type, code, number, amount_fen, amount_is, day, check, crc,
        checksum (umts, arc, modbus, unknown)。

        退出码: 0 读出, 1 读出但自相矛盾或不合规则, 2 无法读取。
        """,
        """Read an invoice: the text of its QR code (--qr), or an XML or OFD FILE.  Offline.

        A file is also compared with itself (totals, words, QR, visible page, seals of an OFD)
        and with the rules of the day it was issued.

        \b
        Examples:
          kaipiao read --qr 01,32,,26311000000000000001,113.00,20261124,,9A3F --json
          kaipiao read invoice.ofd
          kaipiao read invoice.xml --json

        With --qr --json: type, code, number, amount_fen, amount_is, day, check, crc, checksum
        (umts, arc, modbus, unknown).

        Exits 0 if it was read, 1 if it contradicts itself or the rules, 2 if it cannot be read.
        """,
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--qr", metavar="TEXT", help=t("二维码文本", "The text of a QR code."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def command(context: click.Context, file: Path | None, qr: str | None, as_json: bool) -> None:
    if (file is None) == (qr is None):
        raise click.UsageError(t("给出 FILE 或 --qr 之一。", "Give either FILE or --qr."))
    if qr is not None:
        _read_qr(qr, as_json=as_json)
        return
    assert file is not None
    context.exit(_read_file(file, as_json=as_json))


def _read_qr(text: str, *, as_json: bool) -> None:
    try:
        reading = read_qr(text)
    except ValueError as error:
        raise click.UsageError(
            t(f"不是发票二维码: {error}", f"This is no invoice's QR text: {error}")
        ) from None
    if as_json:
        say_json(reading)
        return
    rows = [
        (t("类型", "type"), reading.type),
        (t("代码", "code"), reading.code or "-"),
        (t("号码", "number"), reading.number),
        (
            t("价税合计", "total with tax")
            if reading.amount_is == "gross"
            else t("不含税金额", "amount without tax"),
            format_yuan(reading.amount_fen),
        ),
        (t("日期", "day"), reading.day.isoformat()),
        (t("校验", "checksum"), t(*_CHECKSUMS[reading.checksum])),
    ]
    say_table(rows)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A file, for scripts.  ``seals`` is null for what is no OFD."""

    document: Document
    violations: list[Violation]
    seals: SealReport | None
    seals_verdict: str | None


def _read_file(file: Path, *, as_json: bool) -> int:
    data = file.read_bytes()
    document = read_document(data)
    violations = judge(document)
    seals = check_seals(data) if is_zip(data) else None
    verdict = seals.verdict if seals else None
    if as_json:
        report = Report(
            document=document, violations=violations, seals=seals, seals_verdict=verdict
        )
        say_json(report)
    else:
        _show_document(document)
        _show_violations(violations)
        if seals:
            _show_seals(seals)
    return exits.NO if errors_of(violations) or verdict == "wrong" else exits.OK


def _show_document(document: Document) -> None:
    """The face of the invoice, in a few lines."""
    say_table(
        [
            (t("号码", "number"), f"{document.code} {document.number}".strip()),
            (t("开票日期", "issued on"), document.issued_on.isoformat()),
            (t("销方", "seller"), f"{document.seller.name} {document.seller.taxpayer_id}"),
            (t("购方", "buyer"), f"{document.buyer.name} {document.buyer.taxpayer_id}".rstrip()),
            (t("行数", "lines"), str(len(document.lines))),
            (t("金额", "net"), format_yuan(document.net_fen)),
            (t("税额", "tax"), format_yuan(document.tax_fen)),
            (t("价税合计", "total"), format_yuan(document.gross_fen)),
        ]
    )


def _show_violations(violations: list[Violation]) -> None:
    for violation in violations:
        mark = "✗" if violation.severity == "error" else "!"
        say(f"{mark} {violation.path}  {violation.code}  {t(violation.zh, violation.en)}")


def _show_seals(report: SealReport) -> None:
    say(t(*_SEALS[report.verdict]))
    for seal in report.seals:
        if seal.problem_en:
            say(f"  ! {seal.where}: {t(seal.problem_zh, seal.problem_en)}")
        for part in seal.wrong_parts:
            say(t(f"  ✗ {part} 在签章后被改动", f"  ✗ {part} was changed after it was sealed"))
