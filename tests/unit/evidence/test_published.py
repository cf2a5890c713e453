"""What everyone may read of the log, and the receipts made from that alone."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from kaipiao.base.canonical import canonical, digest
from kaipiao.errors import Outage, ProofNotReady
from kaipiao.evidence.checkpoint import STAMPED_NAME, WITNESSED_NAME
from kaipiao.evidence.cosignature import compose_line
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.grade import Grade
from kaipiao.evidence.merkle import is_consistent
from kaipiao.evidence.note import Standing, parse_note
from kaipiao.evidence.published import PublishedLog, opening_of
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.number import Series, compose_number
from tests.strategies import make_draft
from tests.unit.evidence.fakes import MemoryOrder, StoppedClock, make_leaves, make_signer
from tests.unit.evidence.witnessed import make_cosigner

SIGNER = make_signer()
DRAFT = make_draft(1)
INDEX = 400


def make_invoice(serial: int) -> Invoice:
    return Invoice(
        number=compose_number(Series(26311), serial),
        issued_at=datetime(2026, 11, 24, 4, 0, 0, serial, tzinfo=UTC),
        key=IdempotencyKey(f"sale-{serial}"),
        digest=digest(canonical(DRAFT)),
        draft=DRAFT,
        lines=(Amounts(Fen(10_000), Fen(1_300)), Amounts(Fen(-500), Fen(-65))),
        log_index=INDEX,
        salt=serial.to_bytes(16, "big"),
    )


INVOICE = make_invoice(42)


async def log_of(folder: Path, sizes: list[int]) -> PublishedLog:
    leaves = make_leaves(1000)
    leaves[INDEX] = opening_of(INVOICE).leaf()
    order = MemoryOrder()
    with LogWriter(
        order=order, heads=order.heads, disk=LocalDisk(folder), signer=SIGNER, clock=StoppedClock()
    ) as writer:
        for size in sizes:
            order.commit(leaves[len(order.committed) : size])
            await writer.advance()
    return PublishedLog(folder)


async def test_a_receipt_of_ours_verifies_with_nothing_but_the_public_key(tmp_path: Path) -> None:
    log = await log_of(tmp_path, [500])
    receipt = log.receipt(INVOICE)
    verdict = verify_receipt(receipt, str(SIGNER.verifier), draft_bytes=canonical(DRAFT))

    assert verdict.is_genuine
    assert verdict.opening is not None
    assert verdict.opening.number == INVOICE.number
    assert (verdict.opening.net_fen, verdict.opening.tax_fen) == (9_500, 1_235)
    assert verdict.opening.issued_at == INVOICE.issued_at


async def test_an_old_receipt_stays_good_while_the_log_grows(tmp_path: Path) -> None:
    old = (await log_of(tmp_path / "log", [401])).receipt(INVOICE)
    log = await log_of(tmp_path / "log", [1000])

    assert verify_receipt(old, str(SIGNER.verifier)).is_genuine
    assert verify_receipt(log.receipt(INVOICE), str(SIGNER.verifier)).is_genuine


async def test_a_receipt_names_nobody(tmp_path: Path) -> None:
    """The opening tells number, time and amounts; the parties are only in the digest."""
    verdict = verify_receipt((await log_of(tmp_path, [500])).receipt(INVOICE), str(SIGNER.verifier))
    told = msgspec.json.encode(verdict.opening).decode()

    assert DRAFT.seller.name not in told
    assert DRAFT.seller.taxpayer_id not in told


@pytest.mark.parametrize("index", [None, 400, 401])
async def test_before_a_checkpoint_covers_it_the_proof_is_not_ready(
    tmp_path: Path, index: int | None
) -> None:
    log = await log_of(tmp_path, [400])

    with pytest.raises(ProofNotReady):
        log.receipt(msgspec.structs.replace(INVOICE, log_index=index))


async def test_a_ledger_that_names_the_wrong_place_is_a_defect(tmp_path: Path) -> None:
    log = await log_of(tmp_path, [500])

    with pytest.raises(AssertionError, match="the ledger and the log differ at 400"):
        log.receipt(make_invoice(43))


async def test_a_log_that_cannot_be_read_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(Outage):
        PublishedLog(tmp_path / "nothing").note()
    log = await log_of(tmp_path, [500])
    (tmp_path / "tile/0/001.p/244").unlink()
    with pytest.raises(Outage):
        log.receipt(INVOICE)
    (tmp_path / "checkpoint").write_bytes(b"\xff")
    with pytest.raises(Outage):
        log.checkpoint()


async def test_files_are_served_with_what_a_cache_must_know(tmp_path: Path) -> None:
    log = await log_of(tmp_path, [500])
    checkpoint, tile = log.file("checkpoint"), log.file("tile/entries/001.p/244")

    assert checkpoint is not None
    assert (checkpoint.media_type, checkpoint.is_immutable) == ("text/plain; charset=utf-8", False)
    assert SIGNER.verifier.standing(parse_note(checkpoint.content.decode())) is Standing.SIGNED
    assert tile is not None
    assert (tile.media_type, tile.is_immutable) == ("application/octet-stream", True)
    assert len(tile.content) == 244 * 34


@pytest.mark.parametrize(
    "name",
    [".lock", "tile", "tile/0", "tile/0/007", "checkpoint.new", "../secret", "tile/0/000.p/"],
)
async def test_nothing_else_in_the_folder_is_served(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    log = await log_of(tmp_path / "log", [500])
    (tmp_path / "log" / "checkpoint.new").write_text("half")

    assert log.file(name) is None


async def test_tiles_beyond_the_checkpoint_are_not_served(tmp_path: Path) -> None:
    """After a crash they may be of a size that was never published, and may still change."""
    log = await log_of(tmp_path, [500])
    beyond = tmp_path / "tile/0/001.p/250"
    beyond.write_bytes(bytes(250 * 32))
    (tmp_path / "tile/0/001").write_bytes(bytes(8192))

    assert log.file("tile/0/001.p/250") is None
    assert log.file("tile/0/001") is None


async def test_two_checkpoints_of_ours_are_proved_consistent_from_the_files(tmp_path: Path) -> None:
    log = await log_of(tmp_path, [300])
    old = log.checkpoint()
    new = (await log_of(tmp_path, [999])).checkpoint()
    path = log.tiles.consistency_path(old.size, new.size)

    assert is_consistent(old.size, old.root, new.size, new.root, path)


def put_note(folder: Path, name: str) -> None:
    """As cosigning does: the newest checkpoint, under another name, with further signatures."""
    note = (folder / "checkpoint").read_text()
    stamped = parse_note(note)._replace(signatures=())
    line = compose_line(make_cosigner("bureau").cosign(stamped.text, seconds=5))
    (folder / name).write_text(note + line)


async def test_a_receipt_is_made_under_the_best_note_that_covers_it(tmp_path: Path) -> None:
    log = await log_of(tmp_path, [401])
    assert log.graded_receipt(INVOICE).grade is Grade.E1
    put_note(tmp_path, WITNESSED_NAME)
    await log_of(tmp_path, [500])
    text, grade = log.graded_receipt(INVOICE)
    assert grade is Grade.E2
    assert "\n401\n" in text
    assert "bureau.example/w" in text
    assert verify_receipt(text, str(SIGNER.verifier)).is_genuine

    put_note(tmp_path, STAMPED_NAME)
    assert log.graded_receipt(INVOICE).grade is Grade.E3


async def test_a_better_note_that_does_not_cover_it_is_no_use(tmp_path: Path) -> None:
    log = await log_of(tmp_path, [300, 400])
    put_note(tmp_path, WITNESSED_NAME)
    put_note(tmp_path, STAMPED_NAME)
    await log_of(tmp_path, [500])

    assert log.graded_receipt(INVOICE).grade is Grade.E1
    assert "\n500\n" in log.receipt(INVOICE)


async def test_the_notes_are_served_once_they_are_there(tmp_path: Path) -> None:
    log = await log_of(tmp_path, [401])
    assert log.file(WITNESSED_NAME) is None
    assert log.file(STAMPED_NAME) is None
    put_note(tmp_path, WITNESSED_NAME)
    served = log.file(WITNESSED_NAME)

    assert served is not None
    assert not served.is_immutable
    assert log.graded(WITNESSED_NAME) == log.checkpoint()
