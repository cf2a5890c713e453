"""Wiring for ``kaipiao restore`` and ``backup verify``: laid out, replayed, proved, stopped."""

import asyncio
import contextlib
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import msgspec

from kaipiao.app.audit import compose, operator
from kaipiao.app.backup_proof import Proofs, prove_both, read_words
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, OnlySupervisor
from kaipiao.app.new_log import begin_new_log
from kaipiao.app.settings import Settings, load_settings
from kaipiao.continuity.backup.choose import Plan, plan_restore, spell
from kaipiao.continuity.backup.prove import Proof
from kaipiao.continuity.backup.restore import MARK, forget_restore, lay_out, replay, settle
from kaipiao.continuity.backup.saying import Say
from kaipiao.continuity.backup.shelf import Backup, Shelf
from kaipiao.continuity.backup.tools import Tools
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.embedded.settings import Size
from kaipiao.ledger.pool import Pool

SCRATCH = "scratch-"
STOP_WITHIN_S = 600.0
"""The last checkpoint writes what the replay changed: it is not cut short."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, and how it stands to what was published."""

    backup: Backup
    to: str  # the moment asked for; empty: the last there is
    proof: Proof
    audit: Proof
    data: str
    new_log: str = ""  # the name under which the log goes on, if the old one had to be closed


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """``folder`` of the backups, the moment (None: the last), and other copies of the stream.

    ``rewound``: a ledger with fewer leaves than were published will do; for verifying only.
    ``shorter``: why such a ledger shall be gone on from, under another log; empty: it shall not.
    """

    folder: Path
    to: datetime | None = None
    others: tuple[Path, ...] = ()
    rewound: bool = False
    shorter: str = ""
    size: Size | None = None


async def restore_cell(data: Path, wanted: Wanted, *, say: Say) -> Restored:
    """Restore into the empty folder ``data``, stopped.  What falls short is removed again.

    Raises:
        BackupWrong: see ``lay_out`` and ``replay``; or the ledger is older than what was said.
        AlreadyRunning: a cell runs there.
    """
    plan = plan_restore(Shelf(wanted.folder), wanted.to, [Shelf(one) for one in wanted.others])
    place = CellFolder(str(data))
    try:
        tools = await asyncio.to_thread(lay_out, plan, data, say=say)
        place.make()
        with OnlySupervisor(place):
            restored = await _replay_and_prove(data, plan, tools, wanted, say)
            _judge(restored, wanted)
            say("settle")
            await asyncio.to_thread(settle, data, tools)
    except (BackupWrong, ValueError):
        # What was laid out is a copy of what the backup has: nothing is lost with it.
        if (data / MARK).exists():
            await asyncio.to_thread(forget_restore, data)
        raise
    (data / MARK).unlink()
    return restored


async def _replay_and_prove(
    data: Path, plan: Plan, tools: Tools, wanted: Wanted, say: Say
) -> Restored:
    say("replay")
    server = await replay(data, tools, size=wanted.size)
    try:
        say("prove")
        settings = settings_of(data, plan.backup)
        words = read_words(settings, (one.seen for one in plan.more), now=SystemClock().now())
        proofs = await prove_both(settings, server.dsn_app, words, say)
        spelled = spell(wanted.to) if wanted.to else ""
        await _note(server.dsn_app, plan.backup, proofs, spelled)
        new_log = ""
        if wanted.shorter and is_short(proofs):
            say("close")
            dsns = server.dsn_app, server.dsn_owner
            after = await begin_new_log(settings, *dsns, proofs, words, reason=wanted.shorter)
            new_log = after.log_origin
    finally:
        say("stop")
        await server.stop(patience_s=STOP_WITHIN_S)
    return Restored(
        backup=plan.backup,
        to=spelled,
        proof=proofs.log,
        audit=proofs.audit,
        data=str(data),
        new_log=new_log,
    )


def is_short(proofs: Proofs) -> bool:
    """Whether something that was told is missing, and what there is is not another history."""
    verdicts = {proofs.log.verdict, proofs.audit.verdict}
    return "shorter" in verdicts and "differs" not in verdicts


def settings_of(data: Path, backup: Backup) -> Settings:
    """The restored cell's own; area and the log's name are the backup's."""
    settings = load_settings({"data": str(data)}, {})
    return msgspec.structs.replace(settings, area=backup.area, log_origin=backup.log_origin)


async def _note(dsn: str, backup: Backup, proofs: Proofs, to: str) -> None:
    """The restored cell's own audit log says that it was restored, by whom, and from what."""
    facts = {"to": to, "leaves": str(proofs.log.leaves), "told": str(proofs.log.told)}
    event = compose(
        "cell.restore",
        backup.name,
        actor=operator(),
        clock=SystemClock(),
        stage="noted",
        facts=facts,
    )
    pool = await Pool.open(dsn)
    try:
        await AuditRows(pool).append([event])
    finally:
        await pool.close()


def _judge(restored: Restored, wanted: Wanted) -> None:
    """Raises BackupWrong: a cell that went on from here would take back its word."""
    if wanted.shorter and not restored.new_log and restored.proof.verdict == "proved":
        raise BackupWrong(
            zh="没有缺少任何已发布的内容, 不需要另起日志。请去掉 --shorter。没有放回任何内容。",
            en="Nothing that was published is missing, so no other log is needed. Leave --shorter "
            "out. Nothing was put in place.",
        )
    for proof, zh, en in (
        (restored.proof, "账本", "ledger"),
        (restored.audit, "审计日志", "audit log"),
    ):
        if proof.verdict == "differs":
            raise _another(proof, zh, en)
        if proof.verdict == "shorter" and not (wanted.rewound or restored.new_log):
            raise _shorter(proof, zh, en, is_moment=bool(restored.to))


def _another(proof: Proof, zh: str, en: str) -> BackupWrong:
    return BackupWrong(
        zh=f"恢复的{zh}导出另一个根 (前 {proof.told} 项), 与发布的检查点不符: 这不是同一本账。"
        "没有放回任何内容。请用另一份备份。",
        en=f"The restored {en} leads to another root for its first {proof.told} leaves than "
        "was published: it is not the same ledger. Nothing was put in place. Use another backup.",
    )


def _shorter(proof: Proof, zh: str, en: str, *, is_moment: bool) -> BackupWrong:
    missing = proof.told - proof.leaves
    moment_zh = "该时间早于已发布的日志" if is_moment else "备份流在最后发布的检查点之前就结束了"
    moment_en = (
        "That moment is earlier than the published log"
        if is_moment
        else "The stream ends before the checkpoint that was published last"
    )
    return BackupWrong(
        zh=f"{moment_zh}: {zh}有 {proof.leaves} 项, 已发布 {proof.told} 项, 缺 {missing} 项。"
        "从这里继续会收回已作的承诺, 见证方会拒绝。没有放回任何内容。"
        "恢复到最后一刻: 不带 --to。另有一份备份流: --with 目录。"
        "确实只剩这些: --shorter 原因 (旧日志公开关闭, 另起新日志)。"
        "只想知道那时有多少项: kaipiao backup verify --to 时间。",
        en=f"{moment_en}: the {en} has {proof.leaves} leaves, {proof.told} were published, "
        f"{missing} are missing. To go on from here would take back what was said, and "
        "witnesses would refuse it. Nothing was put in place. To the last moment: leave "
        "--to out. If there is another copy of the stream: --with DIR. If this is all that is "
        "left: --shorter REASON, which closes the old log in public and begins another. To see "
        "what there was then: kaipiao backup verify --to TIME.",
    )


async def verify_backup(wanted: Wanted, *, say: Say) -> Restored:
    """Restore into a scratch folder beside the backups, prove it, remove it.

    Raises:
        BackupWrong: it does not hold; in words.
    """
    scratch = await asyncio.to_thread(_make_scratch, wanted.folder)
    looked = msgspec.structs.replace(wanted, rewound=wanted.to is not None)
    try:
        return await restore_cell(scratch, looked, say=say)
    finally:
        await asyncio.to_thread(_remove, scratch)


def _make_scratch(folder: Path) -> Path:
    for left in folder.glob(f"{SCRATCH}*"):
        _remove(left)  # of a verification that was killed; one that runs holds its database
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=folder))
    scratch.chmod(0o711)
    return scratch


def _remove(scratch: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        forget_restore(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
