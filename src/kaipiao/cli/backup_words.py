"""What backups and restores say on the way, and what they found, in words."""

import time
from typing import Any

import msgspec

from kaipiao.cli.language import t
from kaipiao.cli.terminal import warn

KINDS = {"full": ("完整", "full"), "incremental": ("变化部分", "incremental")}
TELL_EVERY_S = 5.0

STEPS = {
    "fill": ("开票", "Issuing"),
    "backup": ("备份", "Backing up"),
    "load": ("加负载", "Selling on"),
    "blow": ("杀掉一切, 删除目录", "Killing everything, removing the folder"),
    "start": ("启动", "Starting"),
    "receipts": ("逐张核对", "Asking for every receipt again"),
    "check": ("核对备份的每个文件并合并", "Checking every file of the backup, combining them"),
    "replay": ("重放日志", "Replaying the log of the database"),
    "prove": ("从账本重算两本日志的根", "Making both logs' roots again from the ledger"),
    "close": ("关闭旧日志, 另起新日志", "Closing the old log, beginning another"),
    "stop": ("停止数据库", "Stopping the database"),
    "settle": ("落盘", "Forcing everything to the disk"),
}


class StepsSaid:
    """Each step as it begins; of a long one, every few seconds, how far it is."""

    def __init__(self) -> None:
        self._began = self._told = time.monotonic()

    def __call__(self, step: str, done: int = 0, of: int = 0, /) -> None:
        now = time.monotonic()
        if of == 0:
            self._began = self._told = now
            warn(f"  {t(*STEPS[step])} …")
        elif now - self._told >= TELL_EVERY_S:
            self._told = now
            left_s = (now - self._began) * (of - done) / max(done, 1)
            ends = t(f"约剩 {left_s:.0f} 秒", f"about {left_s:.0f} s left")
            warn(f"    {100 * done // of} %  {done:,} / {of:,}  {ends}")


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def told(backup: Any) -> dict[str, Any]:
    return {"kind": backup.kind, **msgspec.to_builtins(backup)}


def proofs_in_words(restored: Any) -> str:
    """Of the invoices' log, and of the audit log behind it."""
    return f"{proof_in_words(restored.proof)}\n{_audit_in_words(restored.audit)}"


def _audit_in_words(proof: Any) -> str:
    if proof.verdict == "proved":
        return t(
            f"审计日志有 {proof.leaves:,} 项; 前 {proof.told:,} 项的根与发布的检查点相同。",
            f"The audit log has {proof.leaves:,} events; the root of the first {proof.told:,} is "
            "the published one.",
        )
    return t(
        f"审计日志有 {proof.leaves:,} 项, 已发布 {proof.told:,} 项。",
        f"The audit log has {proof.leaves:,} events; {proof.told:,} were published.",
    )


def new_log_in_words(origin: str, data: Any) -> str:
    return t(
        f"旧日志已关闭, 新日志为 {origin} (config.json 的 log_origin)。声明: "
        f"{data}/closed/statement, 启动后公开在 /log/announcement/。请把它和新公钥 "
        "(kaipiao log key) 告诉见证方、镜像和购买方。",
        f"The old log is closed; the new one is {origin} (log_origin in config.json). The "
        f"statement: {data}/closed/statement, and, once the cell runs, /log/announcement/. Tell "
        "witnesses, mirrors and buyers of it, and of the new key (kaipiao log key).",
    )


def proof_in_words(proof: Any) -> str:
    seen = t(*_SOURCES[proof.source])
    if proof.verdict == "proved":
        return t(
            f"可用。账本有 {proof.leaves:,} 项; 前 {proof.told:,} 项的根与{seen}的检查点相同。",
            f"It will do. The ledger has {proof.leaves:,} leaves; the root of the first "
            f"{proof.told:,} is that of the checkpoint that was {seen}.",
        )
    if proof.verdict == "shorter":
        return t(
            f"可重放。那时账本有 {proof.leaves:,} 项; 后来{seen} {proof.told:,} 项, "
            "所以单元不能从那里继续。",
            f"It replays. The ledger had {proof.leaves:,} leaves then; {proof.told:,} were "
            f"{seen} later, so no cell may go on from there.",
        )
    return t(
        f"可用。账本有 {proof.leaves:,} 项; 备份时还没有发布过检查点, 没有可比的根。",
        f"It will do. The ledger has {proof.leaves:,} leaves; no checkpoint had been published, so "
        "there is no root to hold it against.",
    )


_SOURCES = {"witnessed": ("见证", "witnessed"), "published": ("发布", "published"), "": ("", "")}
