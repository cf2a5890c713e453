"""Packages from strangers cost bounded memory, and lead nowhere outside themselves."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.archive import Archive, Limits, is_zip
from kaipiao.base.unreadable import Unreadable


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def test_files_are_read_by_name_and_folders_left_out() -> None:
    data = packed({"a/": b"", "a/b.xml": b"<b/>"})

    archive = Archive(data)

    assert is_zip(data)
    assert archive.names == ("a/b.xml",)
    assert archive.read("a/b.xml") == b"<b/>"
    with pytest.raises(Unreadable, match="lacks"):
        archive.read("c.xml")


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/passwd", "a\\b", "C:out"])
def test_a_name_that_leads_out_of_the_package_is_refused(name: str) -> None:
    with pytest.raises(Unreadable):
        Archive(packed({name: b"x"}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("a", b"what one program reads")
        package.writestr("a", b"what another reads")

    with pytest.raises(Unreadable):
        Archive(file.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(Unreadable, match="unpacks"):
        Archive(packed({"bomb": bytes(2 * 2**20)}))


def test_entries_bytes_and_size_are_bounded() -> None:
    data = packed({"a": b"aaa", "b": b"bbb"})

    for limits in (
        Limits(entries=1),
        Limits(unpacked_bytes=5),
        Limits(packed_bytes=len(data) - 1),
    ):
        with pytest.raises(Unreadable):
            Archive(data, limits)


@pytest.mark.parametrize("declared", [50, 200])
def test_an_entry_that_lies_about_its_size_is_refused(declared: int) -> None:
    data = bytearray(packed({"a": b"x" * 100}))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = declared.to_bytes(4, "little")

    with pytest.raises(Unreadable):
        Archive(bytes(data)).read("a")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_stored_and_deflated_entries_are_read(method: int) -> None:
    with pytest.raises(Unreadable):
        Archive(packed({"a": b"x"}, method))


@given(st.data())
def test_a_damaged_package_is_unreadable_and_nothing_else(data: st.DataObject) -> None:
    damaged = bytearray(packed({"a": b"<a>1</a>" * 20, "b/c": b"2"}))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        archive = Archive(bytes(damaged))
        for name in archive.names:
            archive.read(name)
    except Unreadable:
        pass


def test_one_file_alone_may_be_too_large() -> None:
    data = packed({"a": b"x" * 3_000, "b": b"x"})

    assert Archive(data, Limits(entry_bytes=3_000)).read("a") == b"x" * 3_000
    with pytest.raises(Unreadable, match="larger"):
        Archive(data, Limits(entry_bytes=2_999))


def test_a_list_of_entries_is_counted_before_it_is_read() -> None:
    data = packed({str(n): b"" for n in range(50)})

    assert len(Archive(data, Limits(entries=50)).names) == 50
    with pytest.raises(Unreadable, match="larger"):
        Archive(data, Limits(entries=20))
