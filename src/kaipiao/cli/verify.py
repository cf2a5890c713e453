"""``kaipiao verify``: is this invoice genuine?  Offline by its receipt, or by its fields."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from kaipiao.base.archive import is_zip
from kaipiao.base.canonical import canonical
from kaipiao.cli import exits
from kaipiao.cli.judged import Found, found_of, is_document, judge_document
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json
from kaipiao.evidence.note import parse_vkey
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.money import format_yuan, parse_yuan
from kaipiao.fiscal.month import BEIJING


class _Shown(msgspec.Struct):
    """An invoice as ``kaipiao show --json`` prints it, or any envelope around a draft."""

    draft: Draft


@click.command(
    "verify",
    help=t(
        """查验发票。

        凭回执或本平台的 XML、OFD、PDF (FILE) 离线查验: 只需日志公钥, 不连网, 不需信任我们。XML 的
        每一项显示内容都与存证比对; OFD 查验其中所附的 XML, 并核对签名与版面要素; PDF 查验其中所附
        的 XML。没有 FILE 时按票面信息 (--number --date --amount --kind) 向单元查验, 每张每日
        次数有限。

        \b
        例:  kaipiao verify 26311000000000000001.receipt --log-key log.vkey
             kaipiao verify 发票.xml --log-key log.vkey
             kaipiao verify 发票.ofd --log-key log.vkey
             kaipiao verify my.receipt --invoice invoice.json
             kaipiao verify --number 26311000000000000001 --date 2026-11-24 \\
                            --amount 113.00 --kind ordinary

        公钥来自 --log-key (文件或文本)、KAIPIAO_LOG_KEY, 或本机数据目录。

        退出码: 0 真实, 1 不真实或不符, 2 无法读取。
        """,
        """Verify an invoice.

        By its receipt or our XML, OFD or PDF (FILE), offline: it takes the log's public key and
        nothing else, no network and no trust in us.  Everything that the XML shows is compared
        with the evidence; of an OFD the XML inside, its signature and the key facts of its page;
        of a PDF the XML inside.
        Without FILE, by what is printed on it (--number --date --amount --kind),
        asking a cell, some times a day for each invoice.

        \b
        Examples:
          kaipiao verify 26311000000000000001.receipt --log-key log.vkey
          kaipiao verify invoice.xml --log-key log.vkey
          kaipiao verify invoice.ofd --log-key log.vkey
          kaipiao verify my.receipt --invoice invoice.json
          kaipiao verify --number 26311000000000000001 --date 2026-11-24 \\
                         --amount 113.00 --kind ordinary

        The key comes from --log-key (a file or its text), KAIPIAO_LOG_KEY, or the data folder
        of this machine's cell.

        Exits 0 if it is genuine, 1 if it is not, 2 if something cannot be read.
        """,
    ),
)
@click.argument("file", required=False)
@click.option(
    "--log-key",
    metavar="FILE|TEXT",
    envvar="KAIPIAO_LOG_KEY",
    help=t("日志公钥", "The log's public key."),
)
@click.option(
    "--invoice",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("同时核对发票内容 (JSON)", "Also compare the invoice itself (JSON)."),
)
@click.option("--number", help=t("发票号码", "Invoice number."))
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help=t("开票日期", "Day of issue."),
)
@click.option("--amount", metavar="YUAN", help=t("价税合计 (元)", "Total with tax, in yuan."))
@click.option(
    "--kind",
    type=click.Choice(["special", "ordinary"]),
    help=t("专票 special, 普票 ordinary", "Kind of the invoice."),
)
@click.option("--url", envvar="KAIPIAO_URL", help=t("单元地址", "Address of the cell."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def command(
    context: click.Context,
    file: str | None,
    log_key: str | None,
    invoice: Path | None,
    number: str | None,
    day: datetime | None,
    amount: str | None,
    kind: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    if file is not None:
        found = offline(file, log_key, invoice)
        say_json(found) if as_json else _show(found)
        context.exit(exits.OK if found.genuine else exits.NO)
    if not (number and day and amount and kind):
        raise click.UsageError(
            t(
                "给出回执文件, 或 --number --date --amount --kind 全部四项。",
                "Give a receipt FILE, or all of --number --date --amount --kind.",
            )
        )
    context.exit(_by_fields(url, number, day, amount, kind, as_json=as_json))


def offline(file: str, log_key: str | None, invoice: Path | None) -> Found:
    """Judge a receipt, or a document that carries one, with nothing but the public key."""
    content, vkey = Path(file).read_bytes(), find_log_key(log_key)
    draft_bytes = _canonical_of(invoice) if invoice else None
    try:
        parse_vkey(vkey)
    except ValueError as error:
        raise click.UsageError(
            t(f"日志公钥无法使用: {error}", f"That is no log key: {error}")
        ) from None
    if is_zip(content):
        from kaipiao.cli.judged_ofd import judge_ofd  # the readers; a receipt needs none of them

        return judge_ofd(content, vkey, draft_bytes=draft_bytes)
    if content.startswith(b"%PDF-"):
        from kaipiao.cli.judged_pdf import judge_pdf

        return judge_pdf(content, vkey, draft_bytes=draft_bytes)
    if is_document(content):
        return judge_document(content, vkey, draft_bytes=draft_bytes)
    text = content.decode("utf-8", "replace")
    return found_of(verify_receipt(text, vkey, draft_bytes=draft_bytes))


def find_log_key(given: str | None) -> str:
    """The key itself, from its text, a file, or the cell of this machine."""
    if given and "+" in given and not Path(given).exists():
        return given.strip()
    if given:
        return Path(given).read_text(encoding="utf-8").strip()
    from kaipiao.cli.reach import local_log_key

    if key := local_log_key():
        return key
    raise click.UsageError(
        t(
            "需要日志公钥: --log-key 文件或文本。从单元取得: kaipiao log key > log.vkey",
            "The log's public key is needed: --log-key FILE. From a cell: "
            "kaipiao log key > log.vkey",
        )
    )


def _canonical_of(path: Path) -> bytes:
    """The canonical draft in a JSON file: a bare draft, or an invoice around one."""
    content = path.read_bytes()
    try:
        return canonical(msgspec.json.decode(content, type=Draft))
    except msgspec.DecodeError as error:
        try:
            return canonical(msgspec.json.decode(content, type=_Shown).draft)
        except msgspec.DecodeError:
            raise click.UsageError(
                t(f"{path} 不是发票 JSON: {error}", f"{path} is no invoice in JSON: {error}")
            ) from None


def _show(found: Found) -> None:
    if not found.genuine:
        say(t("不真实:", "Not genuine:"))
        for fault in found.faults:
            say(f"  ✗ {fault}")
        return
    assert found.issued_at is not None
    at = found.issued_at.astimezone(BEIJING)
    say(
        t(
            f"真实。发票 {found.number}, 开具于 {at:%Y-%m-%d %H:%M:%S}, "
            f"价税合计 {format_yuan(found.gross_fen or 0)} 元。\n"
            f"日志 {found.log} 第 {found.log_index} 项, 检查点大小 {found.log_size}。",
            f"Genuine. Invoice {found.number}, issued {at:%Y-%m-%d %H:%M:%S} Beijing time, "
            f"{format_yuan(found.gross_fen or 0)} yuan with tax.\n"
            f"Entry {found.log_index} of the log {found.log}, under a checkpoint of "
            f"{found.log_size}.",
        )
    )
    if found.page:
        say(t(f"版面: {found.page}", f"Its page: {found.page}"))


def _by_fields(
    url: str | None, number: str, day: datetime, amount: str, kind: str, *, as_json: bool
) -> int:
    from kaipiao.cli.reach import anyone

    try:
        gross_fen = parse_yuan(amount)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with anyone(url) as client:
        finding = client.verify(number, issued_on=day.date(), gross_fen=gross_fen, kind=kind)
    if as_json:
        say_json(finding)
    else:
        say(_FINDINGS[finding.answer]())
        if finding.standing:
            say(_STANDINGS[finding.standing]())
    return exits.OK if finding.answer == "valid" else exits.NO


_FINDINGS = {
    "valid": lambda: t(
        "一致: 确有此票, 票面信息相符。", "Valid: there is such an invoice, and it says this."
    ),
    "no-such-invoice": lambda: t("查无此票。", "There is no such invoice."),
    "does-not-match": lambda: t(
        "不一致: 票面信息与记录不符。", "There is such a number, and it says something else."
    ),
}
_STANDINGS = {
    "issued": lambda: t("状态: 正常", "Standing: issued"),
    "reversed-in-part": lambda: t("状态: 部分冲红", "Standing: reversed in part"),
    "reversed-wholly": lambda: t("状态: 已全部冲红", "Standing: reversed wholly"),
    "red-letter": lambda: t("状态: 红字发票", "Standing: a red letter"),
}
