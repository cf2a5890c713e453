"""A key is on the disk before it is used, and is the same for ever."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.client.key_book import KeyBook, OtherBytes
from tests.strategies import lawful_draft

DRAFT = lawful_draft()


def test_a_sale_has_one_key_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys.ndjson"
    first = KeyBook(path).key_for("order-1", DRAFT)

    assert KeyBook(path).key_for("order-1", DRAFT) == first
    assert KeyBook(path).key_for("order-2", DRAFT) != first


def test_a_name_is_not_used_for_another_draft(tmp_path: Path) -> None:
    book = KeyBook(tmp_path / "keys.ndjson")
    book.key_for("order-1", DRAFT)

    with pytest.raises(OtherBytes, match="order-1"):
        book.key_for("order-1", lawful_draft(remark="another"))


@given(st.integers(1, 200))
def test_a_torn_line_is_as_if_it_had_never_been(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("book") / "keys.ndjson"
    book = KeyBook(path)
    first, _ = book.key_for("order-1", DRAFT), book.key_for("order-2", DRAFT)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(len(whole) - cut, whole.index(b"\n") + 1)])

    fresh = book.key_for("order-2", DRAFT)
    assert book.key_for("order-1", DRAFT) == first
    assert book.key_for("order-2", DRAFT) == fresh
