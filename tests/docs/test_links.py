"""Every link between our documents leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.files import ROOT, documents

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = ("http://", "https://", "mailto:")


def relative_links(document: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text("utf-8"), flags=re.DOTALL)
    yield from (link for link in LINK.findall(text) if not link.startswith(ELSEWHERE))


def anchors_of(document: Path) -> set[str]:
    """As the usual renderers make them of headings."""
    headings = re.findall(r"^#+ +(.+)$", document.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_broken(document: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = document.parent / name if name else document
    if not target.exists() or not target.resolve().is_relative_to(ROOT):
        return True
    return bool(anchor) and anchor not in anchors_of(target)


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_its_links_lead_somewhere(document: Path) -> None:
    assert [link for link in relative_links(document) if is_broken(document, link)] == []


def test_every_decision_has_a_number_of_its_own_and_the_usual_parts() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    parts = ["Context", "Decision", "Consequences", "Alternatives"]
    parts += ["How we would know we were wrong", "Kept by"]

    for decision in decisions:
        text = decision.read_text("utf-8")
        assert text.startswith(f"# ADR-{decision.name[:4]}: "), decision.name
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == parts, decision.name
    assert len({decision.name[:4] for decision in decisions}) == len(decisions)
