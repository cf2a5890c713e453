"""``kaipiao verify``: is this invoice genuine?  Offline by its receipt, or by its fields."""

from datetime import datetime
from pathlib import Path

import click
import msgspec

from kaipiao.base.archive import Archive, is_zip
from kaipiao.base.canonical import canonical
from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.language import t
from kaipiao.cli.offline import judge, read_bounded
from kaipiao.cli.terminal import say_json
from kaipiao.cli.trusted import KeyParam, find_trust, write_page
from kaipiao.cli.verify_said import ask_by_fields, show_found
from kaipiao.evidence.trust import Trust
from kaipiao.fiscal.draft import Draft


class _Shown(msgspec.Struct):
    """An invoice as ``kaipiao show --json`` prints it, or any envelope around a draft."""

    draft: Draft


@click.command(
    "verify",
    help=t(
        """查验发票。

        凭回执或本平台的 XML、OFD、PDF (FILE) 离线查验: 只需日志公钥, 不连网, 不需信任我们。XML 的
        每一项显示内容都与存证比对; OFD 查验其中所附的 XML, 并核对签名与版面要素; PDF 查验其中所附
        的 XML 和文件签名。FILE 也可以是文件夹或 ZIP: 逐份一行, 末行汇总。二维码只有票面信息,
        不能离线证明, 会告诉您怎么问。没有 FILE 时按票面信息 (--number --date --amount --kind)
        向单元查验, 每张每日次数有限。

        \b
        例:  kaipiao verify 26311000000000000001.receipt --key log.vkey
             kaipiao verify 发票.xml --key log.vkey --policy 见证策略
             kaipiao verify 十一月/ --key 2025.vkey --key 2026.vkey
             kaipiao verify my.receipt --invoice invoice.json
             kaipiao verify --page 查验.html
             kaipiao verify --number 26311000000000000001 --date 2026-11-24 \\
                            --amount 113.00 --kind ordinary

        公钥来自 --key (文件或文本; 文件可有多行, 选项可重复)、--policy 中的 log 行、
        KAIPIAO_LOG_KEY, 或本机数据目录。

        \b
        等级: E1 已进入签名检查点; E2 又有 --policy 所信的见证方联署;
              E3 又有 --tsa 所信的可信时间戳

        --json: genuine, grade (不真实时为空), why [{code, zh, en}], 以及号码、时间、金额、日志
        位置; 多份时每行一份, 另有 file, 末行为 summary。

        退出码: 0 真实, 1 不真实或不符, 2 无法读取, 或无法离线判定。
        """,
        """Verify an invoice.

        By its receipt or our XML, OFD or PDF (FILE), offline: it takes the log's public key and
        nothing else, no network and no trust in us.  Everything that the XML shows is compared
        with the evidence; of an OFD the XML inside, its signature and the key facts of its page;
        of a PDF the XML inside and the file's signature.
        FILE may be a folder or a ZIP: a line for each, and a summary.  A QR code holds only what
        is printed and proves nothing offline; you are told how to ask.
        Without FILE, by what is printed on it (--number --date --amount --kind),
        asking a cell, some times a day for each invoice.

        \b
        Examples:
          kaipiao verify 26311000000000000001.receipt --key log.vkey
          kaipiao verify invoice.xml --key log.vkey --policy witness-policy
          kaipiao verify november/ --key 2025.vkey --key 2026.vkey
          kaipiao verify my.receipt --invoice invoice.json
          kaipiao verify --page verify.html
          kaipiao verify --number 26311000000000000001 --date 2026-11-24 \\
                         --amount 113.00 --kind ordinary

        Keys come from --key (a file, which may hold several, or its text; may be repeated), the
        log lines of --policy, KAIPIAO_LOG_KEY, or the data folder of this machine's cell.

        \b
        Grades: E1 in a checkpoint that the log signed; E2 and cosigned by the witnesses that
                --policy trusts; E3 and time-stamped by an authority that --tsa trusts

        With --json: genuine, grade (empty if not genuine), why [{code, zh, en}], and number, time,
        amount and place in the log; of many one a line, with file, and at last summary.

        Exits 0 if it is genuine, 1 if it is not, 2 if something cannot be read, or decided offline.
        """,
    ),
)
@click.argument("file", required=False)
@click.option(
    "--key",
    "--log-key",
    "log_keys",
    type=KeyParam(),
    multiple=True,
    metavar="FILE|TEXT",
    envvar="KAIPIAO_LOG_KEY",
    help=t("日志公钥, 可重复", "The log's public key; may be repeated."),
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("信任哪些见证方 (C2SP tlog-policy)", "Which witnesses to trust (C2SP tlog-policy)."),
)
@click.option(
    "--tsa",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CERT",
    help=t("信任的时间戳机构的证书 (PEM)", "Certificates of a time-stamping authority (PEM)."),
)
@click.option(
    "--invoice",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("同时核对发票内容 (JSON)", "Also compare the invoice itself (JSON)."),
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("写出离线查验网页, 填好公钥和见证策略", "Write the offline page, keys filled in."),
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
    log_keys: tuple[str, ...],
    policy: Path | None,
    tsa: Path | None,
    invoice: Path | None,
    page: Path | None,
    number: str | None,
    day: datetime | None,
    amount: str | None,
    kind: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    if page is not None:
        write_page(page, log_keys, policy)
        return
    if file is not None:
        trust = find_trust(log_keys, policy, tsa)
        context.exit(_offline(Path(file), trust, invoice, as_json=as_json))
    if not (number and day and amount and kind):
        raise click.UsageError(
            t(
                "给出回执文件, 或 --number --date --amount --kind 全部四项。",
                "Give a receipt FILE, or all of --number --date --amount --kind.",
            )
        )
    context.exit(ask_by_fields(url, number, day, amount, kind, as_json=as_json))


def _offline(path: Path, trust: Trust, invoice: Path | None, *, as_json: bool) -> int:
    """Judge what is there, and say so; the exit code."""
    if path.is_dir():
        from kaipiao.cli.judged_many import contents_of_folder, files_in_folder, judge_many

        files = files_in_folder(path)
        return judge_many(contents_of_folder(path, files), len(files), trust, as_json=as_json)
    with path.open("rb") as opened:
        content = read_bounded(opened)
    if package := _package_in(path, content):
        from kaipiao.cli.judged_many import contents_of_package, judge_many

        contents = contents_of_package(package)
        return judge_many(contents, len(package.names), trust, as_json=as_json)
    found = judge(content, trust, draft_bytes=_canonical_of(invoice) if invoice else None)
    say_json(found) if as_json else show_found(found)
    return found.exit_code


def _package_in(path: Path, content: bytes) -> Archive | None:
    """A ZIP of files; None for everything else, also for an OFD and for a ZIP that is damaged."""
    if not is_zip(content):
        return None
    from kaipiao.cli.judged_many import PACKAGE, is_package

    if path.stat().st_size > PACKAGE.packed_bytes:
        return None
    try:
        archive = Archive(path.read_bytes(), PACKAGE)
    except Unreadable:
        return None
    return archive if is_package(archive) else None


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
