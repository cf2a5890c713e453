"""What ``kaipiao doctor`` looks at in a cell: its database, its user, its folder, its answers."""

import os
from pathlib import Path

from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.probe import works
from kaipiao.app.settings import Settings
from kaipiao.cli.finding import Finding, existing
from kaipiao.ledger.embedded.account import choose_account
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.programs import find_programs


def look_at_postgres(settings: Settings) -> Finding:
    if settings.dsn:
        return Finding(
            what="postgresql",
            level="ok",
            zh="使用指定的数据库",
            en="A database is named by its DSN",
        )
    try:
        programs = find_programs()
    except DatabaseWontStart as failure:
        return _from_failure("postgresql", failure)
    return Finding(
        what="postgresql",
        level="ok",
        zh=f"PostgreSQL {programs.version}, 位于 {programs.bin}",
        en=f"PostgreSQL {programs.version} in {programs.bin}",
    )


def look_at_user(settings: Settings) -> Finding:
    try:
        account = choose_account(CellFolder(settings.data).path / "postgres" / "data")
    except DatabaseWontStart as failure:
        return _from_failure("user", failure)
    return Finding(
        what="user",
        level="ok",
        zh=f"数据库将由用户 {account.name} 运行",
        en=f"The database will run as {account.name}",
    )


def look_at_folder(settings: Settings) -> Finding:
    folder = Path(settings.data)
    if not folder.exists():
        return Finding(
            what="folder",
            level="ok" if os.access(existing(folder), os.W_OK) else "error",
            zh=f"数据目录 {folder} 尚不存在, 启动时会建立",
            en=f"The data folder {folder} will be made at the first start",
            advice_zh="" if os.access(existing(folder), os.W_OK) else "无权建立: 用 --data 另选",
            advice_en=""
            if os.access(existing(folder), os.W_OK)
            else "It may not be made here: name another by --data",
        )
    writable = os.access(folder, os.W_OK)
    return Finding(
        what="folder",
        level="ok" if writable else "error",
        zh=f"数据目录 {folder} {'可用' if writable else '不可写'}",
        en=f"The data folder {folder} {'is usable' if writable else 'is not writable'}",
        advice_zh="" if writable else f"改正所有者: sudo chown -R $(id -un) {folder}",
        advice_en="" if writable else f"Give it to yourself: sudo chown -R $(id -un) {folder}",
    )


def look_at_cell(settings: Settings) -> Finding:
    running = read_running(CellFolder(settings.data))
    if running is None:
        return Finding(
            what="cell", level="ok", zh="单元没有运行", en="No cell is running in this folder"
        )
    fine = works(running)
    return Finding(
        what="cell",
        level="ok" if fine else "error",
        zh=f"单元运行于 {running.url} (进程 {running.pid}), {'应答正常' if fine else '没有应答'}",
        en=f"A cell runs at {running.url} (process {running.pid}) and "
        f"{'answers' if fine else 'does not answer'}",
        is_running=True,
        advice_zh="" if fine else f"查看日志: tail {settings.data}/logs/*.log",
        advice_en="" if fine else f"Look at its logs: tail {settings.data}/logs/*.log",
    )


def _from_failure(what: str, failure: DatabaseWontStart) -> Finding:
    return Finding(
        what=what,
        level="error",
        zh="数据库无法运行",
        en="The database cannot run",
        advice_zh=failure.zh,
        advice_en=failure.en,
    )
