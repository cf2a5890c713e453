"""A cell laid out again in an empty folder, and replayed to a moment.

1. check     every file of the chain against its manifest, while
2. combine   the chain is made into one base, as the server's user
3. settings  where the log of the database lies, and where to stop
4. replay    the server starts, reads the log, stops at the moment and opens a new timeline
5. settle    everything is forced to the disk

Until 5 nothing is: a restore that is interrupted is begun again by the same command, which
``restoring`` in the folder tells it to.  So no step waits for the disk, and the disk for none.
"""

import asyncio
import os
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path

from kaipiao.continuity.backup.carried import put_back, sync_folder
from kaipiao.continuity.backup.check import check_bases, find_chain
from kaipiao.continuity.backup.choose import Plan
from kaipiao.continuity.backup.clone import can_clone
from kaipiao.continuity.backup.saying import Progress, Say, progress_of
from kaipiao.continuity.backup.tools import Tools, tools_for
from kaipiao.continuity.backup.wal import check_stream, furthest_first
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.places import Places, make_places
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.embedded.settings import Size, fit_size

MARK = "restoring"


def lay_out(plan: Plan, data: Path, *, say: Say) -> Tools:
    """Steps 1 to 3.

    Raises:
        BackupWrong: the folder holds a cell, or the backup does not hold.
        DatabaseWontStart: no PostgreSQL of that version, or a folder is closed to its user.
    """
    series, backup = plan.series, plan.backup
    _make_empty(data)
    tools = tools_for(backup.version, data)
    bases = [series.base(one.name) for one in find_chain(series, backup)]
    if plan.at is None:
        check_stream(series, backup, [one.wal for one in plan.more])
    (data / MARK).write_text(f"{backup.name}\n", encoding="ascii")
    put_back(series.cell(backup.name), series.archive, series.seen, data)
    places = make_places(data.resolve(), tools.account)
    draft = tools.make(places.home / "data.new")
    say("check")
    _check_and_combine(bases, draft, tools, progress_of(say, "check"))
    _leave_cluster(draft, tools)
    tools.append(draft / "postgresql.auto.conf", _recovery(plan))
    tools.put(draft / "recovery.signal", "")
    draft.rename(places.data)
    return tools


def _check_and_combine(bases: list[Path], draft: Path, tools: Tools, progress: Progress) -> None:
    """Both read the same bytes, so they do it at the same time: the disk is read once.

    Raises:
        BackupWrong: as the check says, if it says anything: a combination trips over damage, too.
    """
    how = ["--no-sync", "--no-manifest"]  # see "settle"; the cell has no use for another manifest
    how += ["--clone"] if can_clone(bases[-1], draft) else []
    with ThreadPoolExecutor(1, thread_name_prefix="combine") as beside:
        combining = beside.submit(tools.run, "pg_combinebackup", *how, *bases, "-o", draft)
        check_bases(bases, tools, progress)
        combining.result()


def _leave_cluster(draft: Path, tools: Tools) -> None:
    """A member's base becomes one machine's: it waits for no standby and follows nobody."""
    tools.replace(draft / "postgresql.base.conf", draft / "postgresql.conf")
    tools.remove(draft / "standby.signal")


def _make_empty(data: Path) -> None:
    """Take back what an interrupted restore left; anything else is not ours to remove."""
    data.mkdir(parents=True, exist_ok=True)
    if (data / MARK).exists():
        forget_restore(data)
    if left := sorted(path.name for path in data.iterdir()):
        raise BackupWrong(
            zh=f"{data} 不是空的 ({', '.join(left[:5])})。请用 --data 指定空目录。",
            en=f"{data} is not empty ({', '.join(left[:5])}). Name an empty folder: --data DIR",
        )


def forget_restore(data: Path) -> None:
    """Remove a cell that was restored and not accepted, for good."""
    remove_database(data)
    for path in data.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


BEGIN, END = "# a restore's, removed after it", "# end of a restore's"


def _recovery(plan: Plan) -> str:
    """What tells the server to replay; whole files first, then the newest, ``.partial``.

    Of several copies of the stream the one that came furthest is asked first.
    """
    streams = furthest_first([plan.series.wal, *(one.wal for one in plan.more)])
    places = [shlex.quote(str(stream.resolve())) for stream in streams]
    names = [f'{place}/"%f{end}"' for end in ("", ".partial") for place in places]
    command = " || ".join(f'cp {name} "%p" 2>/dev/null' for name in names)
    lines = [BEGIN, f"restore_command = '{command.replace(chr(39), chr(39) * 2)}'"]
    lines.append("recovery_target_timeline = 'latest'")
    # With it, "ready" would be said as soon as it may be read, which is before the end.
    lines.append("hot_standby = off")
    if plan.at is not None:
        lines.append(f"recovery_target_time = '{plan.at.astimezone(UTC).isoformat()}'")
        lines.append("recovery_target_action = 'promote'")
    return "\n" + "\n".join([*lines, END, ""])


async def replay(data: Path, tools: Tools, *, size: Size | None = None) -> EmbeddedPostgres:
    """Step 4: the server, running, past its recovery.  The caller stops it, and settles.

    Raises:
        BackupWrong: the log does not reach the moment asked for, or a piece of it is missing.
        DatabaseWontStart: it did not start for another reason.
    """
    size = (size or fit_size(_places(data, tools)))._replace(durable=False)
    server = EmbeddedPostgres(data, size=size)
    try:
        await server.start()
    except DatabaseWontStart as failure:
        raise _explain(failure) from failure
    await asyncio.to_thread(_forget_settings, data, tools)
    return server


def settle(data: Path, tools: Tools) -> None:
    """Step 5, after the server has stopped: from here on a power cut takes nothing back."""
    how = ["--sync-method=syncfs"] if tools.programs.major >= 17 and os.name == "posix" else []
    tools.run("initdb", "--sync-only", *how, "-D", _places(data, tools).data)
    for path in data.iterdir():
        if path.is_dir() and path.name != "postgres":
            sync_folder(path)


def _places(data: Path, tools: Tools) -> Places:
    return make_places(data.resolve(), tools.account)


def _explain(failure: DatabaseWontStart) -> Exception:
    if "before configured recovery target" in failure.log:
        return BackupWrong(
            zh="备份流在要求的时间之前就结束了: 没有更晚的内容。不带 --to 再试, 恢复到最后一刻。",
            en="The stream ends before the moment asked for: nothing later was backed up. Without "
            "--to the cell is restored to the last moment there is.",
        )
    if "WAL ends before" in failure.log or "requested timeline" in failure.log:
        return BackupWrong(
            zh=f"备份流缺少一段, 无法重放: {failure.log[-600:]}",
            en=f"A piece of the stream is missing; it cannot be replayed: {failure.log[-600:]}",
        )
    return failure


def _forget_settings(data: Path, tools: Tools) -> None:
    path = _places(data, tools).data / "postgresql.auto.conf"
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(f"\n{BEGIN}\n")
    tools.put(path, before + rest.partition(f"{END}\n")[2])
