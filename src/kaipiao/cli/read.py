"""``kaipiao read``: what an invoice document is, what it says, and a verdict for every rule."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from kaipiao.base.unreadable import Unreadable
from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.read_words import CHECKSUMS, FORMS, KINDS, MARKS, RULES
from kaipiao.cli.terminal import printable, say, say_json, say_table
from kaipiao.delivery.readers.bounds import bounded
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.report import (
    MAX_BYTES,
    DocumentReport,
    Report,
    is_false,
    read_report,
    report_qr_text,
)
from kaipiao.delivery.readers.verdict import Verdicts
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.qr import QrReading

STDIN = "-"


@click.command(
    "read",
    help=t(
        """读取发票并逐条给出结论。不连网, 不修改文件。

        \b
        FILE 可以是:
          数电票 XML; 税控时代 OFD 内的 XML; XBRL (电子凭证会计数据标准)
          OFD, 含签章: 核对每个 SM3 摘要和 SM2 签名
          PDF, 其中附有 XML 或 XBRL
          二维码文本文件; 拍有二维码的 PNG、JPEG 图片
          - 表示从标准输入读取

        \b
        例:  kaipiao read 发票.ofd
             kaipiao read 发票.xml --json
             kaipiao read --qr 01,32,,26311000000000000001,113.00,20261124,,9A3F
             扫码枪 | kaipiao read --qr -

        --json 的字段: kind (xml, ofd, pdf, xbrl, qr, picture), fields, verdicts。
        verdicts 按规则: number, arithmetic, words, ids, law, qr, page, digests, seal,
        evidence, issued;
        每条的 verdict 为 right, wrong, unknown (有, 但未能核对) 或 absent (没有)。
        --qr 时另有 type, code, number, amount_fen, amount_is, day, check, crc, checksum。

        退出码: 0 读出且没有不实之处, 1 有不实之处, 2 拒绝读取。
        """,
        """Read an invoice, with a verdict for every rule.  Offline; changes nothing.

        \b
        FILE may be
          an XML invoice (EInvoice), the XML of the device era, XBRL of MOF's standard
          an OFD, seals included: every SM3 digest and SM2 signature is verified
          a PDF with the XML or XBRL attached
          the text of a QR code, or a PNG or JPEG picture with the code in it
          - for standard input

        \b
        Examples:
          kaipiao read invoice.ofd
          kaipiao read invoice.xml --json
          kaipiao read --qr 01,32,,26311000000000000001,113.00,20261124,,9A3F
          scanner | kaipiao read --qr -

        With --json: kind (xml, ofd, pdf, xbrl, qr, picture), fields, verdicts.  The verdicts by
        rule: number, arithmetic, words, ids, law, qr, page, digests, seal, evidence, issued;
        the verdict of each is right, wrong, unknown (there, and not checked) or absent.
        With --qr also type, code, number, amount_fen, amount_is, day, check, crc, checksum.

        Exits 0 if it was read and nothing is false, 1 if something is false, 2 if refused.
        """,
    ),
)
@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
)
@click.option("--qr", metavar="TEXT", help=t("二维码文本; - 为标准输入", "QR text; - for stdin."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def command(context: click.Context, file: Path | None, qr: str | None, as_json: bool) -> None:
    if (file is None) == (qr is None):
        raise click.UsageError(t("给出 FILE 或 --qr 之一。", "Give either FILE or --qr."))
    report = _read_file(file) if file is not None else _read_qr(qr or "")
    if as_json:
        say_json(_flat(report) if qr is not None else report)
    else:
        _show(report)
    context.exit(exits.NO if is_false(report) else exits.OK)


def _read_file(file: Path) -> Report:
    """Raises Unreadable, OSError."""
    if str(file) == STDIN:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    with bounded():
        return read_report(data)


def _read_qr(text: str) -> Report:
    data = sys.stdin.buffer.read(4096) if text == STDIN else text.encode("utf-8", "replace")
    try:
        return report_qr_text(data)
    except Unreadable as error:
        raise click.UsageError(t(error.zh, error.en)) from None


def _flat(report: Report) -> dict[str, Any]:
    """A QR text, with its fields at the top as well, where scripts have always found them."""
    told: dict[str, Any] = msgspec.to_builtins(report)
    fields: dict[str, Any] = told["fields"]
    return told | fields


def _show(report: Report) -> None:
    title = t(*KINDS[report.kind])
    if isinstance(report, DocumentReport):
        say(f"{title} · {t(*FORMS[report.fields.form])}")
        _show_document(report.fields)
    else:
        say(title)
        _show_qr(report.fields)
    _show_verdicts(report.verdicts)


def _show_qr(reading: QrReading) -> None:
    gross = reading.amount_is == "gross"
    say_table(
        [
            (t("类型", "type"), reading.type),
            (t("代码", "code"), reading.code or "-"),
            (t("号码", "number"), reading.number),
            (
                t("价税合计", "total with tax") if gross else t("不含税金额", "amount without tax"),
                format_yuan(reading.amount_fen),
            ),
            (t("日期", "day"), reading.day.isoformat()),
            (t("校验", "checksum"), t(*CHECKSUMS[reading.checksum])),
        ]
    )


def _show_document(document: Document) -> None:
    """The face of the invoice, in a few lines."""
    rows = [
        (t("号码", "number"), f"{document.code} {document.number}"),
        (t("开票日期", "issued on"), document.issued_on.isoformat()),
        (t("销方", "seller"), f"{document.seller.name} {document.seller.taxpayer_id}"),
        (t("购方", "buyer"), f"{document.buyer.name} {document.buyer.taxpayer_id}"),
        (t("行数", "lines"), str(len(document.lines))),
        (t("金额", "net"), format_yuan(document.net_fen)),
        (t("税额", "tax"), format_yuan(document.tax_fen)),
        (t("价税合计", "total"), format_yuan(document.gross_fen)),
        (t("红字, 对应", "red letter of"), document.original or "?" if document.red else ""),
        (t("页数", "pages"), str(document.pages or "")),
        (t("附件", "attached"), ", ".join(document.attachments[:5])),
        *(
            (
                t("签章", "seal") if s.has_seal else t("签名", "signature"),
                " · ".join(filter(None, (s.name, s.signer, s.stamped_at))),
            )
            for s in document.seals
        ),
    ]
    say_table([(name, printable(text).strip()) for name, text in rows if text.strip()])


def _show_verdicts(verdicts: Verdicts) -> None:
    for rule, verdict in verdicts.items():
        say(f"{MARKS[verdict.verdict]} {t(*RULES[rule])}: {t(verdict.zh, verdict.en)}")
        for violation in verdict.violations:
            mark = MARKS["wrong" if violation.severity == "error" else "unknown"]
            text = t(violation.zh, violation.en)
            say(f"    {mark} {printable(f'{violation.path}  {violation.code}  {text}')}")
