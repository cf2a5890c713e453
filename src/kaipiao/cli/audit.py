"""``kaipiao audit``: who did what, and whether anyone has changed what is said of it."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import click

from kaipiao.cli import exits
from kaipiao.cli.audit_words import sentence, shown_row, verdict_sentence
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options, local_folder
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.client.client import Client
from kaipiao.client.problem import Problem
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import VerifierKey, parse_vkey
from kaipiao.evidence.proven import ProvenLeaves
from kaipiao.evidence.reader import TilesDamaged
from kaipiao.evidence.trail import TrailReport, check_trail, verify_event_receipt
from kaipiao.fiscal.audit import ACTIONS

SHOWN = 50
_json = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
_log_key = click.option(
    "--key",
    "log_key",
    metavar="FILE|TEXT",
    help=t(
        "审计日志的公钥, 默认取自本机单元, 其次取自所连单元",
        "The audit log's public key; default: of this machine's cell, else the cell's own.",
    ),
)


@click.group(
    "audit",
    help=t(
        """审计日志: 谁做了什么、依据什么权限、结果如何。查看本身也会被记录。

        需要 audit 权限。用 audit 权限的密钥查看; 仅有 admin 权限不够。

        \b
        例:  kaipiao audit list --since 2026-11-01 --action key.create
             kaipiao audit show EVENT_ID
             kaipiao audit receipt EVENT_ID > event.receipt
             kaipiao audit verify event.receipt --key audit.vkey
             kaipiao audit verify
        """,
        """The audit log: who did what, by which right, and how it ended.  Reading it is itself
        written down.

        Needs a key that holds the right audit; admin alone does not suffice.

        \b
        Examples:  kaipiao audit list --since 2026-11-01 --action key.create
                   kaipiao audit show EVENT_ID
                   kaipiao audit receipt EVENT_ID > event.receipt
                   kaipiao audit verify event.receipt --key audit.vkey
                   kaipiao audit verify
        """,
    ),
)
def command() -> None:
    pass


@command.command("list", help=t("列出事件, 最新的在前", "List events, newest first."))
@click.option("--actor", metavar="ID", help=t("谁: 密钥编号或用户编号", "A key's or a user's id."))
@click.option(
    "--action", type=click.Choice(list(ACTIONS)), metavar="CODE", help=t("做了什么", "What.")
)
@click.option("--about", metavar="TEXT", help=t("对什么做的", "What it was done to."))
@click.option("--since", metavar="YYYY-MM-DD", help=t("从哪天起 (北京时间)", "From this day on."))
@click.option("--until", metavar="YYYY-MM-DD", help=t("到哪天为止, 含当天", "To this day."))
@click.option(
    "--limit",
    default=SHOWN,
    type=click.IntRange(1, 100_000),
    help=t(f"最多几个, 默认 {SHOWN}", f"How many at most; default: {SHOWN}."),
)
@_json
@cell_options
def list_events(
    actor: str | None,
    action: str | None,
    about: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    filters = {"actor": actor, "action": action, "about": about}
    filters |= {"since": _day(since), "until": _day(until)}
    with cell(url, key_file) as client:
        page_size = str(min(limit, 500))
        pages = client.audit.pages(limit=page_size, **filters)
        found = list(islice((one for page in pages for one in page.events), limit))
    if as_json:
        for one in found:
            say_json(one)
        return
    head = (
        t("时间", "when"), t("谁", "who"), t("做了什么", "what"), t("对象", "to what"),
        t("结果", "outcome"), t("编号", "id"),
    )  # fmt: skip
    say_table([head, *(shown_row(one.said) for one in found)])


@command.command("show", help=t("显示一个事件的全部内容", "Show all of one event."))
@click.argument("event_id")
@_json
@cell_options
def show(event_id: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        found = client.audit.read(event_id)
    say_json(found) if as_json else say(sentence(found.said, found.index))


@command.command("receipt", help=t("取一个事件的回执, 可离线查验", "Fetch an event's proof."))
@click.argument("event_id")
@cell_options
def receipt(event_id: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        click.echo(client.audit.receipt(event_id), nl=False)


@command.command(
    "verify",
    help=t(
        """查验一份回执 (离线), 或整个审计日志。

        不给 FILE 时: 取回全部事件, 逐个重算叶子, 与已签名的日志核对。数据库中被改动、调换、
        删除的事件都会被找出来, 无论是谁改的。

        退出码: 0 相符, 1 不符, 2 无法读取, 3 单元没有应答。
        """,
        """Verify one receipt, offline, or the whole audit log.

        Without FILE: every event is fetched, its leaf made again and held against the signed
        log.  An event that was changed, exchanged or deleted in the database is found, whoever
        did it.

        Exits 0 if all is as signed, 1 if not, 2 if something is unreadable, 3 if the cell did
        not answer.
        """,
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@_log_key
@_json
@cell_options
@click.pass_context
def verify(
    context: click.Context,
    file: Path | None,
    log_key: str | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    if file is not None:
        verdict = verify_event_receipt(
            file.read_text(encoding="utf-8", errors="replace"), _key(log_key, None)
        )
        say_json(verdict) if as_json else say(verdict_sentence(verdict))
        context.exit(exits.OK if verdict.is_genuine else exits.NO)
    with cell(url, key_file) as client:
        report = _check(client, _key(log_key, client))
    if report is None:
        context.exit(exits.NO)
    say_json(report) if as_json else _show_report(report)
    context.exit(exits.NO if report.faults else exits.OK)


def _check(client: Client, key: VerifierKey) -> TrailReport | None:
    """The whole log; None if its files do not hold together, which was said."""
    try:
        log = ProvenLeaves(_reading(client), key)
        kept: list[int] = []
        return check_trail(log, _rows(client, kept), kept_from=lambda: max(kept, default=0))
    except TilesDamaged as damage:
        say(t(f"不符: 审计日志的文件已损坏: {damage}", f"NOT as signed: the log's files: {damage}"))
        return None


def _rows(client: Client, kept: list[int]) -> Iterator[tuple[int, bytes, str]]:
    for page in client.audit.pages():
        kept.append(page.kept_from)
        for one in page.events:
            yield one.index, bytes(one.event), one.salt


def _reading(client: Client) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        try:
            return client.audit.log_file(name)
        except Problem as problem:
            raise FileNotFoundError(name) from problem

    return read


def _key(given: str | None, client: Client | None) -> VerifierKey:
    """Raises UsageError: there is none to be had, or it is none."""
    text = given
    if given and Path(given).exists():
        text = Path(given).read_text(encoding="utf-8")
    elif not given and (local := local_folder().audit_secrets / VKEY_NAME).exists():
        text = local.read_text(encoding="utf-8")
    elif not given and client is not None:
        text = client.audit.log_file(VKEY_NAME).decode()
    try:
        return parse_vkey((text or "").strip())
    except ValueError as error:
        raise click.UsageError(
            t(
                f"请用 --key 给出审计日志的公钥 (单元的 /audit-log/log.vkey): {error}",
                f"give the audit log's public key with --key (/audit-log/log.vkey): {error}",
            )
        ) from None


def _show_report(report: TrailReport) -> None:
    for fault in report.faults:
        say(t(f"不符: 第 {fault.index} 个事件 {fault.why}", f"Event {fault.index} {fault.why}"))
    if report.kept_from:
        say(
            t(
                f"前 {report.kept_from} 个事件已过保留期, 只余叶子",
                f"The first {report.kept_from} events were forgotten; their leaves remain",
            )
        )
    n = report.checked
    if not report.faults:
        say(t(f"相符: {n} 个事件与签名的日志一致", f"All {n} events are as the signed log says"))


def _day(text: str | None) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        raise click.UsageError(
            t(f"日期写作 2026-11-24, 而非 {text}", f"A day is written 2026-11-24, not {text}")
        ) from None
