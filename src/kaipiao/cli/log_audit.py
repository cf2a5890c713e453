"""``kaipiao log audit``: read a whole log, believe nothing, and say what is wrong with it."""

from contextlib import ExitStack
from pathlib import Path

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.log_source import NotReadable, log_key_option, open_log, spread_over
from kaipiao.cli.terminal import Progress, printable, say, say_json
from kaipiao.cli.trusted import find_log_key
from kaipiao.evidence.audit import Audited, audit_log
from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint
from kaipiao.evidence.fault import Fault, FaultCode
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.trust import Trust, parse_vkeys

LANES = 4
LANES_MAX = 16
"""Requests at once: enough to hide a distance, few enough to be a good guest."""


@click.command(
    "audit",
    help=t(
        """审计整个日志: 检查点签名、每个条目、每个瓦片、根哈希。

        LOG 是日志目录、单元数据目录, 或网址 (任何 C2SP tlog-tiles 日志)。--since 证明日志仍以较早
        的检查点开头; --state 记住上次通过的检查点, 日志被回退时下次即可发现。

        \b
        例:  kaipiao log audit https://cell.example --key log.vkey
             kaipiao log audit /var/lib/kaipiao/evidence --key log.vkey --json
             kaipiao log audit https://cell.example --key log.vkey --state 审计.checkpoint

        退出码: 0 完好, 1 有问题, 2 无法读取。
        """,
        """Audit a whole log: the checkpoint's signature, every entry, every tile, the root.

        LOG is a log's folder, a cell's data folder, or an address (of any C2SP tlog-tiles log).
        --since proves that the log still begins with an older checkpoint; --state remembers the
        last one that passed, so that a log rolled back is caught by the next run.

        \b
        Examples:
          kaipiao log audit https://cell.example --key log.vkey
          kaipiao log audit /var/lib/kaipiao/evidence --key log.vkey --json
          kaipiao log audit https://cell.example --key log.vkey --state audit.checkpoint

        Exits 0 if all is well, 1 if there is a fault, 2 if the log cannot be read.
        """,
    ),
)
@click.argument("log", metavar="DIR|URL")
@log_key_option()
@click.option(
    "--since",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help=t("较早的签名检查点", "An older signed checkpoint."),
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("记住上次通过的检查点", "Remember the last checkpoint that passed, here."),
)
@click.option(
    "--parallel",
    type=click.IntRange(1, LANES_MAX),
    default=LANES,
    show_default=True,
    help=t("同时的请求数 (网址)", "Requests at once (of an address)."),
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def audit(
    context: click.Context,
    log: str,
    log_key: str | None,
    since: Path | None,
    state: Path | None,
    parallel: int,
    as_json: bool,
) -> None:
    if since and state:
        raise click.UsageError(t("--since 和 --state 只用一个。", "Use --since or --state."))
    trust = _parse_keys(find_log_key(log_key))
    with ExitStack() as stack:
        opened = open_log(log, parallel, stack)
        key = _key_of(trust, opened.note)
        held = _held(since or state, key)
        progress = stack.enter_context(Progress(t("审计", "auditing"), _size_of(opened.note)))
        try:
            found = audit_log(
                opened.read,
                opened.note,
                key,
                since=held,
                extra=opened.forerunners,
                spread=spread_over(opened.lanes, progress, stack),
            )
        except OSError as error:
            raise NotReadable(log, error) from error
    if state and found.is_clean:
        from kaipiao.base.durable import write_whole

        write_whole(state, opened.note, mode=0o644)
    say_json(found) if as_json else _show(found)
    context.exit(exits.OK if found.is_clean else exits.NO)


def _size_of(note: bytes) -> int | None:
    try:
        return parse_checkpoint(parse_note(note.decode()).text).size
    except ValueError:
        return None


def _parse_keys(text: str) -> Trust:
    """One key a line: a log that changes its key keeps the older ones in the same file."""
    try:
        return Trust(parse_vkeys(text.splitlines()))
    except ValueError as error:
        raise click.UsageError(
            t(f"日志公钥无法使用: {error}", f"That is no log key: {error}")
        ) from None


def _key_of(trust: Trust, content: bytes) -> VerifierKey:
    """The key that signed this checkpoint; if none did, one that will say so."""
    try:
        note = parse_note(content.decode())
    except ValueError:
        return trust.keys[0]
    return trust.key_for(note, note.text.partition("\n")[0])


def _held(path: Path | None, key: VerifierKey) -> Checkpoint | None:
    """The checkpoint that whoever asks has kept; None if there is none yet."""
    if path is None or not path.exists():
        return None
    try:
        note = parse_note(path.read_text(encoding="utf-8"))
        checkpoint = parse_checkpoint(note.text)
        if checkpoint.origin != key.name or key.standing(note) is not Standing.SIGNED:
            raise ValueError(f"not signed by {key.name}")
    except ValueError as error:
        raise click.UsageError(
            t(
                f"{path} 不是该日志的签名检查点 ({error})。请换一个文件。",
                f"{path} is no signed checkpoint of this log ({error}). Name another file.",
            )
        ) from None
    return checkpoint


def _show(found: Audited) -> None:
    if found.is_clean:
        say(
            t(
                f"完好: 日志 {found.log} 的 {found.size} 个条目和全部瓦片都在签名的根之下。",
                f"All is well: the {found.size} entries of {found.log} and all its tiles lie "
                "under the signed root.",
            )
        )
        if found.since is not None:
            say(
                t(
                    f"它仍以先前检查点的 {found.since} 个条目开头。",
                    f"It still begins with the {found.since} entries of the older checkpoint.",
                )
            )
        return
    say(
        t(
            f"{len(found.faults)} 处问题 ({found.entries_checked} / {found.size} 个条目已证实):",
            f"{len(found.faults)} faults ({found.entries_checked} of {found.size} entries proved):",
        )
    )
    for fault in found.faults:
        say(f"  ✗ {printable(_sentence(fault))}")
    say(
        t(
            "请保留这份日志和检查点作为证据, 不要修复它; 再与镜像或见证方核对。",
            "Keep this log and its checkpoint as evidence, repair nothing yet; then compare with "
            "a mirror or the witnesses.",
        )
    )


def _sentence(fault: Fault) -> str:
    return t(f"{fault.file} {_ZH[fault.code]} ({fault.code})".lstrip(), str(fault))


_ZH = {
    FaultCode.CHECKPOINT_DAMAGED: "不是签名检查点",
    FaultCode.OTHER_LOG: "属于另一个日志",
    FaultCode.UNSIGNED: "没有该公钥的签名",
    FaultCode.FORGED: "有冒充该公钥的签名",
    FaultCode.MISSING: "缺失",
    FaultCode.DAMAGED: "与签名的根不符",
    FaultCode.UNPROVEN: "其下内容无法核对",
    FaultCode.OTHER_ROOT: "各文件的根哈希与检查点不同",
    FaultCode.ROLLED_BACK: "比所持检查点短: 日志被回退",
    FaultCode.REWRITTEN: "不以所持检查点的内容开头: 历史被改写",
    FaultCode.GROWTH_UNPROVEN: "瓦片已损坏, 无法证明由所持检查点延续而来",
    FaultCode.TOO_MANY: "问题过多, 不再列出",
}
