"""An operator finds out what is broken, and has it put right where that is safe."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.recover import Recovery
from kaipiao.app.recover_watch import Watch
from kaipiao.client.client import Client
from kaipiao.continuity.recovery.course import Step
from kaipiao.ledger.embedded.passwords import root_dsn
from kaipiao.ledger.embedded.remove import remove_database
from tests.journeys.cells import Cell, kaipiao, running

DROP = Step(stage="rebuild", act="drop-slot", about="orphan", zh="删", en="drop")


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        with running(Path(name)) as started:
            yield started
        remove_database(Path(name))


async def ask(folder: CellFolder, sql: str) -> object:
    told = read_running(folder)
    assert told is not None
    connection = await asyncpg.connect(root_dsn(told.dsn))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def test_a_sound_cell_needs_nothing(cell: Cell) -> None:
    found = cell.run("recover", "--data", cell.folder)

    assert found.returncode == 0, found.stdout + found.stderr
    assert "Nothing is broken" in found.stdout
    assert "could not be looked at" not in found.stdout


def test_a_slot_is_seen_and_dropped_and_the_audit_log_says_so(cell: Cell) -> None:
    folder = CellFolder(str(cell.folder))
    asyncio.run(ask(folder, "SELECT pg_create_physical_replication_slot('orphan', true)"))
    recovery = Recovery(None, folder)
    seen = recovery.look().cell
    assert seen is not None
    assert [(slot.name, slot.kind, slot.is_active) for slot in seen.slots] == [
        ("orphan", "physical", False)
    ]

    recovery.do(DROP)
    recovery.do(DROP)  # again: nothing to do, and no failure

    assert asyncio.run(ask(folder, "SELECT count(*) FROM pg_replication_slots")) == 0
    with Client(cell.url, cell.key) as client:
        events = next(client.audit.pages(action="cell.recover")).events
    assert [event.said.stage for event in events] == ["done", "asked", "done", "asked"]


def test_renditions_are_removed_and_their_folders_stay(cell: Cell) -> None:
    folder = CellFolder(str(cell.folder))
    made = folder.renditions / "26" / "a.pdf"
    made.parent.mkdir(parents=True)
    made.write_bytes(bytes(8192))
    recovery = Recovery(None, folder)
    seen = recovery.look().cell
    assert seen is not None
    assert seen.disk is not None
    assert seen.disk.spare_bytes >= 8192

    recovery.do(Step(stage="rebuild", act="empty-renditions", about="", zh="", en=""))

    assert not made.exists()
    assert made.parent.is_dir()


def test_a_cell_that_does_not_run_is_found_with_its_runbook(tmp_path: Path) -> None:
    CellFolder(str(tmp_path)).make()

    told = kaipiao("recover", "--data", tmp_path, "--dry-run")
    as_json = kaipiao("recover", "--data", tmp_path, "--json")

    assert told.returncode == as_json.returncode == 1
    assert "the cell does not run" in told.stdout
    assert "docs/runbooks/cell.md" in told.stdout
    (finding,) = json.loads(as_json.stdout.splitlines()[0])["findings"]
    assert (finding["kind"], finding["steps"]) == ("cell-stopped", [])


def test_without_a_cell_it_says_what_to_name(tmp_path: Path) -> None:
    told = kaipiao("recover", "--data", tmp_path / "nowhere")

    assert told.returncode == 2
    assert "--data" in told.stderr


def test_a_watch_says_a_finding_once_and_when_it_is_over(cell: Cell) -> None:
    folder = CellFolder(str(cell.folder))
    ending = folder.secrets / "tls" / "ca.crt"
    ending.parent.mkdir()
    ending.write_bytes(certificate_for(days=10))
    said: list[str] = []
    watch = Watch(Recovery(None, folder), lambda sentence: said.append(sentence.en))

    watch.once()
    watch.once()
    assert [line[:13] for line in said if "✗" in line] == ["✗ certificate"]
    assert any("docs/runbooks/certificate.md" in line for line in said)
    ending.unlink()
    watch.once()
    assert said[-1].startswith("✓ no longer: certificate")


def certificate_for(*, days: int) -> bytes:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = SystemClock().now()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=days))
    return made.sign(key, None).public_bytes(Encoding.PEM)
