"""A cell is backed up while it issues, lost with everything, and comes back with every receipt."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from kaipiao.app.bring_back import Wanted, restore_cell, verify_backup
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.client.answers import Receipt
from kaipiao.client.client import Client
from kaipiao.client.retry import Budget
from kaipiao.continuity.backup.choose import Plan
from kaipiao.continuity.backup.restore import lay_out
from kaipiao.continuity.backup.shelf import Backup, Series, Shelf
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.evidence.signing.change import announcement_leaf
from kaipiao.fiscal.sample import SELLERS, sample_drafts
from kaipiao.ledger.embedded.passwords import root_dsn
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.settings import TEST_SIZE
from tests.journeys.cells import KAIPIAO, Cell, environment, kaipiao, running, wait_until

DRAFTS = sample_drafts(7)
SALES = [next(DRAFTS) for _ in range(12)]


def silent(*_: object) -> None:
    """Nobody waits for progress."""


def seller_at(cell: Cell) -> Client:
    return Client(cell.url, cell.key, budget=Budget(20))


def stands(cell: Cell) -> bool:
    """Whether its status says that there is a backup and a stream."""
    told = httpx.get(f"{cell.url}/v1/status").json()["backups"]
    return bool(told) and all(
        one["newest_age_s"] is not None and one["stream_lag_bytes"] is not None for one in told
    )


def size_in(seen: Path) -> int:
    """Of the newest checkpoint that came along."""
    return int((seen / "checkpoint").read_text().split("\n")[1])


def well(cell: Cell) -> bool:
    """What ``backup status`` and the status page say of both copies."""
    folders = ("KAIPIAO_BACKUP_FOLDER", "KAIPIAO_BACKUP_SECOND_FOLDER")
    place = cell.folder.parent
    environ = dict(zip(folders, (f"{place}/backups", f"{place}/far-away"), strict=True))
    done = kaipiao("backup", "status", "--data", cell.folder, "--json", env=environ)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    ages = [one["copy_age_s"] for one in httpx.get(f"{cell.url}/v1/status").json()["backups"]]
    return [one["place"] for one in told if one["is_well"]] == ["first", "second"] and all(
        age is not None and age < 60 for age in ages
    )


def back_up(cell: Cell, folder: Path) -> Any:
    done = kaipiao("backup", "--data", cell.folder, "--folder", folder, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def destroy(cell: Cell) -> None:
    """The power fails, and the disk with it."""
    os.kill(cell.process.pid, signal.SIGKILL)
    cell.process.wait()
    wait_until(lambda: not cell.children(""), 20, "its children live")
    wait_until(lambda: is_gone(cell.folder), 20, "its database lives")


def is_gone(folder: Path) -> bool:
    try:
        remove_database(folder)
        shutil.rmtree(folder)
    except Exception:
        return False
    return True


class Lost:
    """What was promised by a cell that is no more, and where its backups are."""

    def __init__(self, folder: Path, receipts: list[Receipt], all_sold: datetime) -> None:
        self.folder = folder
        self.far_away = folder.with_name("far-away")
        self.receipts = receipts
        self.all_sold = all_sold

    @property
    def series(self) -> Series:
        return Shelf(self.folder).series()[0]

    def restore(self, data: Path, to: datetime | None = None, **more: Any) -> Any:
        wanted = Wanted(folder=self.folder, to=to, size=TEST_SIZE, **more)
        return asyncio.run(restore_cell(data, wanted, say=silent))

    def lay_out(self, backup: Backup, data: Path) -> None:
        lay_out(Plan(self.series, backup, None), data, say=silent)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    """A cell that backs itself up: it issued, was backed up again, issued, and is gone."""
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        place = Path(name)
        place.chmod(0o711)
        folder, far_away = place / "backups", place / "far-away"
        receipts: list[Receipt] = []
        folders = ("--backup-folder", str(folder), "--backup-second-folder", str(far_away))
        with running(place / "cell", *folders) as cell:
            client = seller_at(cell)
            for seller in SELLERS:
                client.grant_credit(seller.taxpayer_id, 10**12)

            def sell(count: int) -> None:
                for _ in range(count):
                    n = len(receipts)
                    receipts.append(client.issue(SALES[n], key=f"sale-{n}"))

            sell(4)
            wait_until(lambda: stands(cell), 20, "no first backup, or no stream")
            sell(4)
            assert back_up(cell, folder)["kind"] == "incremental"
            sell(4)
            near, far = (Shelf(one).series()[0].seen for one in (folder, far_away))
            for seen in (near, far):
                wait_until(lambda: size_in(seen / "evidence") == 12, 10, "no checkpoint came")  # noqa: B023
            audited, all_sold = size_in(near / "audit"), datetime.now(UTC)
            client.grant_credit(SELLERS[0].taxpayer_id, 10**12)
            for seen in (near, far):
                wait_until(lambda: size_in(seen / "audit") > audited, 10, "no checkpoint came")  # noqa: B023
            assert well(cell), "both copies are there, and as young as they should be"
            destroy(cell)
        yield Lost(folder, receipts, all_sold)


def test_every_receipt_is_there_after_the_whole_cell_was_lost(lost: Lost, scratch: Path) -> None:
    restored = lost.restore(scratch / "cell")
    assert (restored.proof.verdict, restored.proof.leaves) == ("proved", 12)
    assert restored.audit.verdict == "proved"
    assert restored.audit.told > 0

    with running(scratch / "cell") as cell:
        client = seller_at(cell)
        for n, receipt in enumerate(lost.receipts):
            again = client.issue(SALES[n], key=f"sale-{n}")
            assert again == msgspec.structs.replace(receipt, replayed=True)
        more = client.issue(next(DRAFTS), key="one-more")
        assert more.number not in {receipt.number for receipt in lost.receipts}
        # It goes on under a history of its own: the lost one's backups stay as they are.
        assert back_up(cell, lost.folder)["kind"] == "full"
        assert len(Shelf(lost.folder).series()) == 2
        shutil.rmtree(Shelf(lost.folder).series()[1].path)


def test_a_moment_before_the_published_log_can_be_looked_at_and_not_gone_on_from(
    lost: Lost, scratch: Path
) -> None:
    """To go on would take back what was said; nothing is left that could be started by mistake."""
    earlier = lost.series.backups()[-1].ended_at
    before = sorted(lost.folder.iterdir())

    wanted = Wanted(folder=lost.folder, to=earlier, size=TEST_SIZE)
    looked = asyncio.run(verify_backup(wanted, say=silent))

    assert (looked.proof.verdict, looked.proof.leaves) == ("shorter", 8)
    assert sorted(lost.folder.iterdir()) == before
    with pytest.raises(BackupWrong, match="12 were published"):
        lost.restore(scratch / "cell", earlier)
    assert list((scratch / "cell").iterdir()) == []


def test_what_the_audit_log_had_told_may_not_be_missing_either(lost: Lost, scratch: Path) -> None:
    """All invoices are there; what an operator did after them is not."""
    with pytest.raises(BackupWrong, match=r"the audit log has \d+ leaves"):
        lost.restore(scratch / "cell", lost.all_sold)


def test_what_one_stream_lacks_is_taken_from_the_copy_far_away(lost: Lost, scratch: Path) -> None:
    """The newest file never arrived here; the other house has it, and it is of the same history."""
    newest = max(lost.series.wal.iterdir())
    kept = newest.read_bytes()
    newest.unlink()
    try:
        with pytest.raises(BackupWrong, match="12 were published"):
            lost.restore(scratch / "cell")
        restored = lost.restore(scratch / "cell", others=(lost.far_away,))
    finally:
        newest.write_bytes(kept)
        shutil.chown(newest, lost.series.wal.owner(), lost.series.wal.group())
    assert (restored.proof.verdict, restored.proof.leaves) == ("proved", 12)
    assert restored.audit.verdict == "proved"


def test_a_cell_that_goes_on_with_less_does_so_under_another_log_and_says_it_aloud(
    lost: Lost, scratch: Path
) -> None:
    earlier = lost.series.backups()[-1].ended_at
    old_key = next(lost.series.path.glob("cell/*/secrets/log.vkey")).read_text()
    with pytest.raises(BackupWrong, match="Leave --shorter out"):
        lost.restore(scratch / "cell", shorter="no need")

    restored = lost.restore(scratch / "cell", earlier, shorter="both disks burned")

    assert (restored.proof.verdict, restored.new_log) == (
        "shorter",
        "kaipiao.localhost/log/after-1",
    )
    with running(scratch / "cell") as cell:
        client = seller_at(cell)
        kept = client.issue(SALES[7], key="sale-7")
        assert kept.number == lost.receipts[7].number
        # The number of a lost invoice is on somebody's desk: nobody else's invoice has it.
        new = client.issue(SALES[8], key="sale-8")
        assert int(new.number[5:]) > 10**9
        statement = (cell.folder / "closed" / "statement").read_text()
        assert "kept 8\n" in statement
        assert "lost at least 4\n" in statement
        assert "reason both disks burned\n" in statement
        new_key = httpx.get(f"{cell.url}/log/log.vkey").text
        assert old_key.strip() in statement
        assert new_key.strip() in statement
        wait_until(lambda: is_told(cell, statement), 10, "the statement is not published")
    assert old_key not in {path.read_text() for path in (cell.folder / "secrets").glob("*.vkey")}


def is_told(cell: Cell, statement: str) -> bool:
    """Whether the log's own page of announcements has what was said when the old log was closed."""
    leaf = announcement_leaf(statement).hex()
    return httpx.get(f"{cell.url}/log/announcement/{leaf}").text == statement


@pytest.mark.parametrize(
    ("hours", "says"), [(-1, "The oldest backup ended at"), (1, "The stream ends before")]
)
def test_a_moment_that_no_backup_holds_is_refused(
    lost: Lost, scratch: Path, hours: int, says: str
) -> None:
    with pytest.raises(BackupWrong, match=says):
        lost.restore(scratch / "cell", datetime.now(UTC) + timedelta(hours=hours))


def test_one_flipped_byte_in_any_part_of_the_chain_is_found(lost: Lost, scratch: Path) -> None:
    full, last = lost.series.backups()
    victim = next((lost.series.base(full.name) / "base").rglob("1259"))
    whole = victim.read_bytes()
    try:
        victim.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        with pytest.raises(BackupWrong, match="checksum mismatch"):
            lost.lay_out(last, scratch / "cell")
    finally:
        victim.write_bytes(whole)


def test_a_missing_file_of_the_stream_is_found(lost: Lost, scratch: Path) -> None:
    """The server would stop there, quietly, and call it the end."""
    full = lost.series.backups()[0]
    kept = {path: path.read_bytes() for path in lost.series.wal.iterdir()}
    newest = max(kept)
    far = newest.with_name(f"{newest.name[:16]}{int(newest.name[16:24], 16) + 2:08X}.partial")
    far.write_bytes(kept[newest])
    try:
        with pytest.raises(BackupWrong, match="files of the stream are missing"):
            lost.lay_out(full, scratch / "cell")
    finally:
        far.unlink()


def test_a_folder_that_holds_something_is_left_alone(lost: Lost, scratch: Path) -> None:
    (scratch / "cell").mkdir()
    (scratch / "cell" / "letter").write_text("mine")

    with pytest.raises(BackupWrong, match="not empty"):
        lost.restore(scratch / "cell")

    assert (scratch / "cell" / "letter").read_text() == "mine"


def test_a_stream_that_was_away_for_too_long_says_so_and_begins_anew(scratch: Path) -> None:
    """What it had stays good; a new series begins, and at its end the server keeps nothing."""
    folder = scratch / "backups"
    with running(scratch / "cell") as cell:
        with streaming(cell, folder):
            assert back_up(cell, folder)["kind"] == "full"
        asyncio.run(lose_slots(cell))

        refused = kaipiao(
            "--lang", "en", "backup", "stream", "--data", cell.folder, "--folder", folder
        )
        assert refused.returncode == 1
        assert "--anew" in refused.stderr

        with streaming(cell, folder, "--anew"):
            assert back_up(cell, folder)["kind"] == "full"
        assert len(Shelf(folder).series()) == 2
        ended = kaipiao("backup", "stream", "--data", cell.folder, "--folder", folder, "--end")
        assert ended.returncode == 0, ended.stderr
        assert asyncio.run(slots_of(cell)) == []


@contextmanager
def streaming(cell: Cell, folder: Path, *more: str) -> Iterator[None]:
    command = [KAIPIAO, "backup", "stream", "--data", cell.folder, "--folder", folder, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout
        assert process.stdout.readline(), "it ended"
        yield
        process.terminate()


def superuser(cell: Cell) -> str:
    running_cell = read_running(CellFolder(str(cell.folder)))
    assert running_cell
    return root_dsn(running_cell.dsn)


async def lose_slots(cell: Cell) -> None:
    """The server may keep one file for whoever is away, and writes several."""
    root = await asyncpg.connect(superuser(cell))
    await root.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    await root.execute("SELECT pg_reload_conf()")
    while "lost" not in await statuses(root):
        await root.execute("SELECT pg_logical_emit_message(false, 'kaipiao', 'more')")
        await root.execute("SELECT pg_switch_wal()")
        await root.execute("CHECKPOINT")
    await root.close()


async def statuses(root: "asyncpg.Connection[Any]") -> list[str]:
    rows = await root.fetch("SELECT wal_status FROM pg_replication_slots")
    return [row["wal_status"] for row in rows]


async def slots_of(cell: Cell) -> list[str]:
    root = await asyncpg.connect(superuser(cell))
    try:
        return await statuses(root)
    finally:
        await root.close()
