"""The reference is made from the code, and is what the code says today."""

import pytest

from tests.docs.files import ROOT
from tests.docs.generate import REFERENCE, page_names, path_of, render_page

WRITTEN = {"http"}
"""Written by hand, and held to the code by tests of their own (``tests/unit/gateway``)."""


@pytest.mark.parametrize("name", page_names())
def test_a_page_says_what_the_code_says(name: str) -> None:
    assert path_of(name).read_text("utf-8") == render_page(name), "type: ./run docs"


def test_no_page_outlives_its_source() -> None:
    assert {path.stem for path in REFERENCE.glob("*.md")} == {*page_names(), *WRITTEN}


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")

    assert [
        name for name in [*page_names(), *WRITTEN] if f"(reference/{name}.md)" not in index
    ] == []
