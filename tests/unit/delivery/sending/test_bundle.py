"""A ZIP made piece by piece is one that Python's own reader opens."""

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.sending.bundle import Bundle
from tests.clocks import NOON

names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
files = st.dictionaries(
    names.map(lambda n: n + ".xml") | names.map(lambda n: n + ".pdf"), st.binary()
)


@given(files)
def test_every_file_comes_out_as_it_went_in(inside: dict[str, bytes]) -> None:
    bundle = Bundle()
    pieces = [bundle.add(name, content, at=NOON) for name, content in inside.items()]

    with zipfile.ZipFile(io.BytesIO(b"".join(pieces) + bundle.close())) as archive:
        assert archive.testzip() is None
        assert {one: archive.read(one) for one in archive.namelist()} == inside
        assert all(one.date_time == (2026, 11, 24, 12, 0, 0) for one in archive.infolist())


def test_more_files_than_the_old_format_can_count() -> None:
    bundle = Bundle()
    pieces = [bundle.add(f"{n}.pdf", b"%d" % n, at=NOON) for n in range(66_000)]

    with zipfile.ZipFile(io.BytesIO(b"".join(pieces) + bundle.close())) as archive:
        assert len(archive.namelist()) == 66_000
        assert archive.read("65999.pdf") == b"65999"


def test_a_bundle_past_four_gibibytes_still_finds_its_last_file() -> None:
    """Only the offsets are: a file of zeros with a hole in it stands for the rest."""
    bundle = Bundle()
    first = bundle.add("first.pdf", b"1", at=NOON)
    bundle._offset += 5 << 30
    last = bundle.add("last.pdf", b"2", at=NOON)

    archive = zipfile.ZipFile(_Sparse(first, (5 << 30) + len(first), last + bundle.close()))
    assert archive.read("last.pdf") == b"2"


class _Sparse(io.RawIOBase):
    """``head``, nothing up to ``at``, then ``tail``."""

    def __init__(self, head: bytes, at: int, tail: bytes) -> None:
        self._head, self._start, self._tail, self._place = head, at, tail, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        end = self._start + len(self._tail)
        self._place = {0: 0, 1: self._place, 2: end}[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        at = self._place - self._start
        found = self._tail[at:] if at >= 0 else self._head[self._place :]
        found = found if size < 0 else found[:size]
        self._place += len(found)
        return found


def test_a_bundle_that_was_cut_off_opens_for_nobody() -> None:
    bundle = Bundle()
    cut = bundle.add("a.xml", b"<a/>" * 100, at=NOON)

    assert not zipfile.is_zipfile(io.BytesIO(cut))
