"""A mirror keeps what it has proved, and nothing that a source only says."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.evidence.audit import audit_log
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.merkle import tree_root
from kaipiao.evidence.mirror.copy import Copier, Read, SourceRefused
from kaipiao.evidence.mirror.shelf import NotSigned
from kaipiao.evidence.note import compose_note, parse_note
from kaipiao.evidence.reader import TilesDamaged
from kaipiao.evidence.tiles import compose_bundle
from tests.unit.evidence.fakes import ORIGIN, StoppedClock, make_leaves, make_signer
from tests.unit.evidence.published_log import KEY, SIGNER, PublishedFiles

MANY = 70_000  # 273 full bundles: a full tile of level 1, and one that is not
LEAVES = make_leaves(MANY)
FORK = [*LEAVES[:400], *make_leaves(MANY, history="another")[400:]]


class Copy:
    def __init__(self, folder: Path, source: PublishedFiles) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.exhibits = Exhibits(folder.with_name("refused"))
        self.follow(source.read)

    def follow(self, read: Read) -> None:
        self.copier = Copier(
            read, LocalDisk(self.folder), [KEY], exhibits=self.exhibits, clock=StoppedClock()
        )

    def advance(self) -> int:
        return self.copier.advance().entries

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    def is_whole(self) -> bool:
        raw = (self.folder / "checkpoint").read_bytes()
        read = lambda name: (self.folder / name).read_bytes()  # noqa: E731
        return not audit_log(read, raw, KEY).faults


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 1000, 65_536, MANY])
def test_a_copy_is_the_log_itself(tmp_path: Path, size: int) -> None:
    source = PublishedFiles(size, leaves=LEAVES)
    copy = Copy(tmp_path / "copy", source)

    assert copy.advance() == size
    assert copy.files() == source.files
    assert copy.is_whole()
    assert copy.advance() == 0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_a_copy_that_follows_has_all_of_every_size(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    source = PublishedFiles(0, leaves=LEAVES)
    copy = Copy(tmp_path_factory.mktemp("mirror") / "copy", source)
    size = 0
    for step in steps:
        size += step
        source.publish(size)
        assert copy.advance() == step
        assert copy.is_whole()
        assert copy.copier.root_at(size, size) == tree_root(LEAVES[:size])
    assert all(copy.copier.root_at(n, size) == tree_root(LEAVES[:n]) for n in {1, size // 2, size})


def test_following_reads_only_what_is_new(tmp_path: Path) -> None:
    source = PublishedFiles(65_000, leaves=LEAVES)
    copy = Copy(tmp_path / "copy", source)
    copy.advance()
    source.publish(65_300)
    source.asked.clear()

    copy.advance()
    assert len(source.asked) < 15


def test_what_an_interrupted_run_kept_is_not_fetched_again(tmp_path: Path) -> None:
    source = PublishedFiles(MANY, leaves=LEAVES)
    copy = Copy(tmp_path / "copy", source)
    gone = "tile/entries/270"  # in the second batch
    content = source.files.pop(gone)

    with pytest.raises(OSError):
        copy.advance()
    assert "checkpoint" not in copy.files()
    source.files[gone] = content
    source.asked.clear()

    assert copy.advance() == MANY
    assert copy.is_whole()
    entries = [name for name in source.asked if name.startswith("tile/entries/")]
    assert len(entries) == MANY // 256 - 256 + 1  # the first 256 were kept


def test_what_rotted_in_the_copy_before_it_was_finished_is_fetched_again(tmp_path: Path) -> None:
    source = PublishedFiles(1000, leaves=LEAVES)
    copy = Copy(tmp_path / "copy", source)
    source.write_to(tmp_path / "copy")
    (tmp_path / "copy/checkpoint").unlink()
    (tmp_path / "copy/tile/entries/001").write_bytes(b"\0" * 8704)
    (tmp_path / "copy/tile/0/002").write_bytes(b"rot")

    copy.advance()
    assert copy.is_whole()


WHOLE = PublishedFiles(MANY, leaves=LEAVES).files
NEEDED = [
    "checkpoint",
    "tile/0/273.p/112",
    "tile/1/000",
    "tile/1/001.p/17",
    "tile/2/000.p/1",
    "tile/entries/000",
    "tile/entries/130",
    "tile/entries/272",
    "tile/entries/273.p/112",
]


class MemoryDisk:
    """As ``LocalDisk``, and as fast as a property wants it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def lock(self) -> None: ...

    def unlock(self) -> None: ...

    def read(self, name: str) -> bytes:
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]

    def write(self, name: str, content: bytes) -> None:
        self.files[name] = content

    def rename(self, old: str, new: str) -> None:
        self.files[new] = self.files.pop(old)

    def sync(self, names: Sequence[str]) -> None: ...

    def drop_folder(self, name: str) -> None:
        self.files = {n: c for n, c in self.files.items() if not n.startswith(f"{name}/")}


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(NEEDED),
    st.integers(0, 8191),
    st.integers(0, 7),
    st.sampled_from(["flip", "flip", "cut", "grow", "miss"]),
)
def test_no_damaged_file_of_a_source_is_ever_kept(name: str, at: int, bit: int, how: str) -> None:
    """Whatever is wrong with one file: the copy refuses, and what it kept by then is genuine."""
    source, disk = PublishedFiles(), MemoryDisk()
    content = bytearray(WHOLE[name])
    if how == "flip":
        content[at % len(content)] ^= 1 << bit
    elif how == "cut":
        del content[at % len(content) :]
    elif how == "grow":
        content += b"\0" * 32
    source.files = {**WHOLE, name: bytes(content)}
    if how == "miss":
        del source.files[name]
    copier = Copier(
        source.read, disk, [KEY], exhibits=Exhibits(Path("nowhere")), clock=StoppedClock()
    )

    with pytest.raises((TilesDamaged, NotSigned, FileNotFoundError)):
        copier.advance()
    assert "checkpoint" not in disk.files
    assert disk.files.items() <= WHOLE.items()


def test_a_changed_entry_is_caught_though_its_tiles_agree_with_it() -> None:
    """Whoever runs the source changed one entry and every tile above it but the topmost."""
    leaves = [*LEAVES[:33_300], b"!" * 32, *LEAVES[33_301:]]
    changed = PublishedFiles(MANY, leaves=leaves).files
    source, disk = PublishedFiles(), MemoryDisk()
    names = ("tile/entries/130", "tile/0/130", "tile/1/000")
    source.files = {**WHOLE, **{name: changed[name] for name in names}}
    copier = Copier(
        source.read, disk, [KEY], exhibits=Exhibits(Path("nowhere")), clock=StoppedClock()
    )

    with pytest.raises(TilesDamaged, match="tile/1/000"):
        copier.advance()
    assert disk.files == {}


def test_a_source_that_became_shorter_is_refused_and_kept(tmp_path: Path) -> None:
    source = PublishedFiles(1000, leaves=LEAVES)
    copy = Copy(tmp_path / "copy", source)
    copy.advance()
    before = copy.files()

    copy.follow(PublishedFiles(900, leaves=LEAVES).read)
    with pytest.raises(SourceRefused) as refused:
        copy.advance()

    assert refused.value.kind == "rollback"
    assert copy.files() == before
    (exhibit,) = copy.exhibits.all()
    assert (exhibit.kind, exhibit.held_size, exhibit.offered_size) == ("rollback", 1000, 900)


@pytest.mark.parametrize("size", [1000, 1001, 1500, MANY])
def test_another_history_signed_with_the_genuine_key_is_refused_and_kept(
    tmp_path: Path, size: int
) -> None:
    copy = Copy(tmp_path / "copy", PublishedFiles(1000, leaves=LEAVES))
    copy.advance()
    before = copy.files()

    copy.follow(PublishedFiles(size, leaves=FORK).read)
    for _ in range(2):
        with pytest.raises(SourceRefused) as refused:
            copy.advance()

    assert refused.value.kind == "fork"
    assert copy.files() == before
    (exhibit,) = copy.exhibits.all()  # once, however often it is offered
    for file in ("held.checkpoint", "offered.checkpoint"):
        note = parse_note((copy.exhibits.file(exhibit.name, file) or b"").decode())
        assert KEY.standing(note) == "signed"
    copy.follow(PublishedFiles(1200, leaves=LEAVES).read)
    assert copy.advance() == 200


def test_a_checkpoint_of_another_key_or_log_is_refused(tmp_path: Path) -> None:
    source = PublishedFiles(10, leaves=LEAVES)
    copy = Copy(tmp_path / "copy", source)
    checkpoint = Checkpoint(ORIGIN, 10, tree_root(LEAVES[:10]))
    stranger = make_signer("other")
    for note in (
        compose_note(compose_checkpoint(checkpoint), [stranger]),
        compose_note(compose_checkpoint(Checkpoint("other", 10, checkpoint.root)), [SIGNER]),
        "nonsense",
    ):
        source.files["checkpoint"] = note.encode()
        with pytest.raises(NotSigned):
            copy.advance()
    assert "checkpoint" not in copy.files()


def test_partial_tiles_that_the_source_dropped_are_read_from_the_full_ones(tmp_path: Path) -> None:
    """It went on while we read: the newest checkpoint's partial tiles are gone already."""
    source = PublishedFiles(1000, leaves=LEAVES)
    note = source.files["checkpoint"]
    source.publish(2000)
    for name in ("tile/0/003.p/232", "tile/entries/003.p/232"):
        del source.files[name]
    source.files["checkpoint"] = note
    copy = Copy(tmp_path / "copy", source)

    assert copy.advance() == 1000
    assert copy.is_whole()


def test_what_others_saw_of_the_same_tree_is_copied_with_it(tmp_path: Path) -> None:
    source = PublishedFiles(700, leaves=LEAVES)
    source.files["checkpoint.witnessed"] = source.files["checkpoint"]
    source.publish(1000)
    source.files["checkpoint.timestamped"] = PublishedFiles(700, leaves=FORK).files["checkpoint"]
    copy = Copy(tmp_path / "copy", source)

    copy.advance()
    assert copy.files()["checkpoint.witnessed"] == source.files["checkpoint.witnessed"]
    assert "checkpoint.timestamped" not in copy.files()  # that is another tree


def test_a_log_of_entries_of_any_length_is_copied(tmp_path: Path) -> None:
    """Not ours, but of the same format."""
    leaves = [b"entry %d" % n * (n % 7) for n in range(600)]
    source = PublishedFiles(600, leaves=leaves)
    source.files |= {
        f"tile/entries/00{n}": _bundle(leaves[256 * n : 256 * n + 256]) for n in range(2)
    }
    source.files["tile/entries/002.p/88"] = _bundle(leaves[512:])
    copy = Copy(tmp_path / "copy", source)

    assert copy.advance() == 600
    assert copy.copier.shelf.public_file("tile/entries/001.p/3") == _bundle(leaves[256:259])
    assert compose_bundle([b"x" * 32]) == _bundle([b"x" * 32])


def _bundle(entries: list[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def test_what_a_copy_serves_is_what_its_checkpoint_covers(tmp_path: Path) -> None:
    source = PublishedFiles(1000, leaves=LEAVES)
    copy = Copy(tmp_path / "copy", source)
    shelf = copy.copier.shelf
    assert shelf.public_file("tile/0/000") is None
    copy.advance()

    for name, content in source.files.items():
        assert shelf.public_file(name) == content
    assert shelf.public_file("tile/0/001.p/5") == source.files["tile/0/001"][: 5 * 32]
    assert shelf.public_file("tile/0/003.p/7") == source.files["tile/0/003.p/232"][: 7 * 32]
    for name in ("tile/0/003", "tile/0/004", ".lock", "../refused", "checkpoint.new", "", "tile"):
        assert shelf.public_file(name) is None
