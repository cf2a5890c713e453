"""A witness answers as C2SP tlog-witness says, and never puts its name to two histories."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import parse_checkpoint
from kaipiao.evidence.cosignature import Cosigner
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.merkle import is_consistent
from kaipiao.evidence.note import parse_note
from kaipiao.evidence.witness.memory import MEMORY_NAME, Held, Memory, create_memory
from kaipiao.evidence.witness.roster import ROSTER_NAME, Roster, add_log
from kaipiao.evidence.witness.submission import compose_submission, parse_submission
from kaipiao.evidence.witness.witness import SIZE, Answer, Witness
from tests.unit.evidence.fakes import make_signer
from tests.unit.evidence.grown_log import GrownLog

NOW = datetime(2026, 11, 25, 4, 0, 0, 700_000, tzinfo=UTC)
COSIGNER = Cosigner("witness.example/w1", bytes(range(32)))
LOG = GrownLog()
FORK = GrownLog(first=100, then="another")  # parts from LOG at leaf 100


class HandSetClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class Desk:
    """A witness in a folder, watching LOG."""

    def __init__(self, folder: Path, memory: Memory | None = None) -> None:
        self.folder = folder
        if not (folder / MEMORY_NAME).exists():
            create_memory(folder / MEMORY_NAME, COSIGNER.key)
            add_log(folder / ROSTER_NAME, LOG.vkey)
        self.clock = HandSetClock()
        self.memory = memory or Memory(folder / MEMORY_NAME)
        self.exhibits = Exhibits(folder / "evidence")
        self.witness = Witness(
            cosigner=COSIGNER,
            memory=self.memory,
            roster=Roster(folder / ROSTER_NAME),
            exhibits=self.exhibits,
            clock=self.clock,
        )

    def ask(self, body: bytes) -> Answer:
        return self.witness.add_checkpoint(body)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.memory.close()


def cosigned(answer: Answer, note: str) -> int | None:
    return COSIGNER.key.cosigned_at(parse_note(note + answer.text))


def test_a_first_checkpoint_and_its_growth_are_cosigned(desk: Desk) -> None:
    for old, new in ((0, 5), (5, 5), (5, 256), (256, 600)):
        answer = desk.ask(LOG.submission(old, new))

        assert answer.status == 200
        assert cosigned(answer, LOG.note(new)) == int(NOW.timestamp())


def test_an_empty_log_may_be_cosigned_and_then_grow(desk: Desk) -> None:
    assert desk.ask(LOG.submission(0, 0)).status == 200
    assert desk.ask(LOG.submission(0, 7)).status == 200


def test_whoever_starts_elsewhere_is_told_the_size_we_hold(desk: Desk) -> None:
    desk.ask(LOG.submission(0, 300))

    for old, new in ((0, 400), (299, 400), (0, 300), (100, 100), (301, 400)):
        answer = desk.ask(LOG.submission(old, new))
        assert answer == Answer(answer.status.CONFLICT, "300\n", SIZE)


def test_what_was_cosigned_can_be_read_with_both_signatures(desk: Desk) -> None:
    desk.ask(LOG.submission(0, 300))

    held = desk.memory.held(LOG.vkey.name)
    assert held is not None
    note = parse_note(held.note)
    assert LOG.vkey.standing(note) == "signed"
    assert COSIGNER.key.cosigned_at(note) == int(NOW.timestamp())
    assert parse_checkpoint(note.text) == LOG.checkpoint(300)


def test_what_strangers_put_under_the_note_is_not_passed_on(desk: Desk) -> None:
    stranger = Cosigner("stranger.example", bytes(32))
    noted = LOG.note(3) + f"— stranger.example {'A' * 96}\n"

    assert desk.ask(compose_submission(0, [], noted)).status == 200
    held = desk.memory.held(LOG.vkey.name)
    assert held is not None
    assert stranger.key.name not in held.note


def test_a_fork_signed_with_the_genuine_key_is_refused_and_kept(desk: Desk) -> None:
    desk.ask(LOG.submission(0, 300))

    answer = desk.ask(FORK.submission(300, 300))

    assert answer.status == 422
    (exhibit,) = desk.exhibits.all()
    assert (exhibit.kind, exhibit.held_size, exhibit.offered_size) == ("fork", 300, 300)
    for file, log in (("held.checkpoint", LOG), ("offered.checkpoint", FORK)):
        note = parse_note((desk.exhibits.file(exhibit.name, file) or b"").decode())
        assert LOG.vkey.standing(note) == "signed"
        assert parse_checkpoint(note.text) == log.checkpoint(300)
    assert desk.exhibits.file(exhibit.name, "offered.request") == FORK.submission(300, 300)


def test_a_fork_is_kept_even_if_it_starts_from_a_wrong_size(desk: Desk) -> None:
    desk.ask(LOG.submission(0, 300))

    assert desk.ask(FORK.submission(0, 300)).status == 409
    assert [exhibit.kind for exhibit in desk.exhibits.all()] == ["fork"]


def test_a_rewritten_history_is_refused_however_its_proof_is_made(desk: Desk) -> None:
    desk.ask(LOG.submission(0, 300))

    for proof in (FORK.proof(300, 500), LOG.proof(300, 500), [], [bytes(32)] * 9):
        assert desk.ask(compose_submission(300, proof, FORK.note(500))).status == 422
    assert [exhibit.kind for exhibit in desk.exhibits.all()] == ["unproven"]  # once, not four times
    assert desk.ask(LOG.submission(300, 500)).status == 200


@pytest.mark.parametrize("root", [bytes(32), b"\xff" * 32])
def test_an_empty_tree_has_one_root(desk: Desk, root: bytes) -> None:
    assert desk.ask(compose_submission(0, [], LOG.note(0, root=root))).status == 422


def test_a_proof_from_nothing_must_be_empty(desk: Desk) -> None:
    assert desk.ask(compose_submission(0, [bytes(32)], LOG.note(5))).status == 422


def test_a_log_that_we_do_not_watch_is_unknown(desk: Desk) -> None:
    other = GrownLog("kaipiao.example/44-1")

    assert desk.ask(other.submission(0, 5)).status == 404
    assert other.vkey.name in desk.ask(other.submission(0, 5)).text


def test_a_log_is_watched_from_the_moment_it_is_on_the_list(desk: Desk) -> None:
    other = GrownLog("kaipiao.example/44-1")
    assert add_log(desk.folder / ROSTER_NAME, other.vkey)

    assert desk.ask(other.submission(0, 5)).status == 200


def test_no_or_a_forged_signature_of_a_trusted_key_is_forbidden(desk: Desk) -> None:
    note = LOG.note(5)
    text, _, line = note.partition("\n\n")
    forged = line[:-10] + ("AAAAAAAA=\n" if not line.endswith("AAAAAAAA=\n") else "BBBBBBBA=\n")
    unsigned = f"— someone.else {'A' * 96}\n"

    for lines in (unsigned, forged, forged + line, line + forged):
        assert desk.ask(compose_submission(0, [], f"{text}\n\n{lines}")).status == 403


def test_a_forged_line_of_one_key_spoils_the_good_one_of_another(desk: Desk) -> None:
    second = make_signer("second").verifier._replace(name=LOG.vkey.name)
    add_log(desk.folder / ROSTER_NAME, second)
    content = b64encode(second.key_id + bytes(64)).decode()
    forged = LOG.note(5) + f"\N{EM DASH} {second.name} {content}\n"

    assert desk.ask(compose_submission(0, [], LOG.note(5))).status == 200
    assert desk.ask(compose_submission(5, [], forged)).status == 403


GOOD = LOG.submission(300, 400).decode()
NOTE = LOG.note(400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"old 300",
        GOOD.replace("old 300", "old 0300"),
        GOOD.replace("old 300", "old -1"),
        GOOD.replace("old 300", "old  300"),
        GOOD.replace("old 300", "OLD 300"),
        GOOD.replace("old 300", "300"),
        GOOD.replace("old 300", "old 401"),  # larger than the checkpoint
        GOOD.replace("old 300", "old 99999999999999999999"),
        GOOD.replace("\n", "\r\n"),
        GOOD.removesuffix("\n"),
        GOOD[: len(GOOD) // 2],
        f"old 300\nnot base64\n\n{NOTE}",
        f"old 300\nAAAA\n\n{NOTE}",  # three bytes
        f"old 300\n{'A' * 43}=\n \n\n{NOTE}",
        "old 300\n" + f"{'A' * 43}=\n" * 64 + f"\n{NOTE}",  # one line too many
        f"old 300\n{NOTE}",  # no empty line
        f"old 300\n\n{NOTE}".replace("400", "0400"),
        f"old 300\n\n{NOTE}".replace("\n\n—", "\n—"),
        GOOD.encode() + b"\xff",
        b"\xff\xfe" + GOOD.encode(),
        GOOD.encode().replace(b"old", b"old\0"),
    ],
)
def test_what_is_malformed_is_said_to_be(desk: Desk, body: str | bytes) -> None:
    answer = desk.ask(body if isinstance(body, bytes) else body.encode())

    assert answer.status == 400, answer
    assert desk.memory.all_held() == {}


@given(st.binary(max_size=300))
def test_noise_is_malformed_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_submission(body)


def test_a_clock_that_went_back_cosigns_nothing(desk: Desk) -> None:
    """The newer word would be the older one, and say that a smaller tree was the largest."""
    desk.ask(LOG.submission(0, 300))
    desk.clock.time = NOW - timedelta(seconds=2)

    with pytest.raises(Outage):
        desk.ask(LOG.submission(300, 400))
    desk.clock.time = NOW + timedelta(seconds=1)
    assert desk.ask(LOG.submission(300, 400)).status == 200


def test_it_goes_on_where_it_was(desk: Desk) -> None:
    desk.ask(LOG.submission(0, 300))
    desk.memory.close()

    again = Desk(desk.folder)
    assert again.ask(FORK.submission(300, 500)).status == 422
    assert again.ask(LOG.submission(300, 500)).status == 200
    again.memory.close()


class CrowdedMemory(Memory):
    """Tells a crowd what it holds only when all of them have asked: the worst of all races."""

    def __init__(self, path: Path, crowd: int) -> None:
        super().__init__(path)
        self._gate = threading.Barrier(crowd)
        self._asked = threading.local()

    def held(self, origin: str) -> Held | None:
        held = super().held(origin)
        if not getattr(self._asked, "before", False):
            self._asked.before = True
            self._gate.wait(timeout=10)
        return held


def test_of_many_who_race_from_one_size_only_one_history_is_served(desk: Desk) -> None:
    """LOG and FORK start together; whichever is first, the other is told or refused."""
    desk.ask(LOG.submission(0, 50))
    bodies = [LOG.submission(50, 200), FORK.submission(50, 210), FORK.submission(50, 200)] * 2
    crowded = Desk(desk.folder, CrowdedMemory(desk.folder / MEMORY_NAME, len(bodies)))
    answers: list[tuple[bytes, Answer]] = []

    def submit(body: bytes) -> None:
        answers.append((body, crowded.ask(body)))

    threads = [threading.Thread(target=submit, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    crowded.memory.close()

    assert len(answers) == len(bodies)
    assert [answer.status for _, answer in answers].count(HTTPStatus.OK) == 1
    told = {answer.status for _, answer in answers}
    assert told <= {HTTPStatus.OK, HTTPStatus.CONFLICT}


def test_many_logs_at_once_are_each_served_and_remembered(desk: Desk) -> None:
    """Those who come while the disk is busy are committed together, and none for another."""
    logs = [GrownLog(f"kaipiao.example/{n}-1", total=40) for n in range(12)]
    for log in logs:
        add_log(desk.folder / ROSTER_NAME, log.vkey)

    def grow(log: GrownLog) -> list[int]:
        return [desk.ask(log.submission(size, size + 1)).status for size in range(30)]

    with ThreadPoolExecutor(len(logs)) as crowd:
        answers = list(crowd.map(grow, logs))
    assert answers == [[200] * 30] * len(logs)
    held = desk.memory.all_held()
    assert {held[log.vkey.name].root for log in logs} == {log.checkpoint(30).root for log in logs}


def test_a_disk_that_fails_cosigns_nothing(desk: Desk) -> None:
    desk.ask(LOG.submission(0, 300))
    desk.memory.close()

    with pytest.raises(Outage):
        desk.ask(LOG.submission(300, 400))


steps = st.tuples(st.booleans(), st.integers(0, 300), st.integers(0, 300), st.integers(-1, 3))


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, max_size=12))
def test_whatever_it_is_asked_all_that_it_cosigned_is_one_history(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[bool, int, int, int]]
) -> None:
    """Of any two trees that it put its name to, one is the beginning of the other."""
    desk = Desk(tmp_path_factory.mktemp("witness"))
    said: list[tuple[GrownLog, int]] = []
    for is_fork, old, new, seconds in asked:
        log = FORK if is_fork else LOG
        held = desk.memory.held(LOG.vkey.name)
        size = old if seconds < 0 or held is None else held.size  # mostly an honest start
        desk.clock.time += timedelta(seconds=max(seconds, 0))
        if desk.ask(log.submission(min(size, new), new)).status == 200:
            said.append((log, new))
    desk.memory.close()

    sizes = [size for _, size in said]
    assert sizes == sorted(sizes)
    for (log, size), (later, grown) in pairwise(said):
        first, second = log.checkpoint(size), later.checkpoint(grown)
        proof = later.proof(size, grown)
        assert is_consistent(size, first.root, grown, second.root, proof)
