"""An operator asks a second version for the same invoices, and is told where it differs."""

import asyncio
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kaipiao
from kaipiao.client.client import Client
from kaipiao.continuity.shadow.cell import checked, clean
from kaipiao.continuity.shadow.there import NotAShadow, There
from kaipiao.fiscal.red_letter import LineAsk, ReversalAsk
from tests.journeys.cells import Cell, running
from tests.strategies import SELLER, company, lawful_draft, make_line

OTHER = company(77, "贸易")
EXACT = lawful_draft()
ROUNDED = lawful_draft(lines=(make_line(net_fen=1_005, quantity="", unit_price=""),))
REVIEWED = lawful_draft(reviewer="周示例")
"""The other version below rounds down, and allows a reviewer two characters."""

ALTERED = {
    "fiscal/tax.py": (
        "return (2 * net_fen * rate_bp + BP_PER_UNIT) // (2 * BP_PER_UNIT)",
        "return net_fen * rate_bp // BP_PER_UNIT",
    ),
    "regimes/cn/plain.py": (
        "and len(remark) <= 200",
        "and len(remark) <= 200 and not draft.reviewer",
    ),
    "regimes/cn/limits.py": ('en="reviewer", hard=75', 'en="reviewer", hard=2'),
}


def another_version(folder: Path) -> Path:
    """A ``kaipiao`` of another law: our source, two rules changed, nothing compiled."""
    source = Path(kaipiao.__file__).parent
    for file in source.rglob("*"):
        if file.is_file() and file.suffix not in (".so", ".pyc"):
            copy = folder / "kaipiao" / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(file)
    for name, (law, other) in ALTERED.items():
        text = (source / name).read_text()
        assert law in text
        (folder / "kaipiao" / name).unlink()
        (folder / "kaipiao" / name).write_text(text.replace(law, other))
    program = folder / "program"
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} -c "
        '"from kaipiao.cli.main import main; main()" "$@"\n'
    )
    program.chmod(stat.S_IRWXU)
    return program


@pytest.fixture
def cell(scratch: Path) -> Iterator[Cell]:
    with running(scratch / "cell") as started:
        yield started


def sell(cell: Cell) -> dict[str, str]:
    """Five sales and a red letter, whose numbers are returned by key."""
    with Client(cell.url, cell.key) as client:
        for seller in (SELLER, OTHER):
            client.grant_credit(seller.taxpayer_id, 10**9)
        drafts = {"exact": EXACT, "rounded": ROUNDED, "reviewed": REVIEWED}
        numbers = {key: client.issue(draft, key=key).number for key, draft in drafts.items()}
        ask = ReversalAsk(reason="01", lines=(LineAsk(line=0, net_fen=5_000),), remark="半数")
        numbers["red"] = client.reverse(numbers["exact"], ask, key="red").number
        others = lawful_draft(seller=OTHER)
        return numbers | {"other": client.issue(others, key="exact").number}


def shadow(cell: Cell, *arguments: object) -> tuple[int, list[Any]]:
    told = cell.run("shadow", *arguments, "--data", cell.folder, "--json")
    assert not told.stderr, told.stderr
    return told.returncode, [json.loads(line) for line in told.stdout.splitlines()]


def test_a_version_of_another_law_is_found_out_invoice_by_invoice(
    cell: Cell, scratch: Path
) -> None:
    numbers = sell(cell)
    program = another_version(scratch / "other")
    start = ("shadow", "start", "--data", cell.folder, "--since", 0, "--until-even")

    said = cell.run(*start, "--program", program)
    code, (counts, *apart) = shadow(cell, "report")
    words = cell.run("shadow", "report", "--data", cell.folder)

    assert (said.returncode, code) == (1, 1), said.stderr
    assert counts == {
        "same": 3, "diverged": 1, "only_here": 1, "only_there": 0, "waiting": 0, "passed": 0
    }  # fmt: skip
    rounded, reviewed = apart
    assert (rounded["key"], rounded["kind"]) == ("rounded", "content")
    assert {"path": "/totals/tax_fen", "here": 131, "there": 130} in rounded["differences"]
    assert (reviewed["key"], reviewed["kind"], reviewed["status"]) == ("reviewed", "refused", 422)
    assert reviewed["there"]["code"] == "rules-broken"
    assert [one["path"] for one in reviewed["there"]["violations"]] == ["/reviewer"]
    # Both answers are whole, and nobody takes the shadow's number for a real one.
    assert rounded["here"]["number"] == numbers["rounded"]
    assert rounded["there"]["number"][2:5] == "999"
    assert "/totals/tax_fen  here 131  there 130" in words.stdout

    # A cell that is not marked, such as the real one, is asked nothing.
    with pytest.raises(NotAShadow):
        asyncio.run(checked(There(cell.url, cell.key)))

    # Killed before it noted how far it was, it asks the same again; nothing is issued twice.
    (cell.folder / "shadow" / "run-1" / "tally.json").unlink()
    again = cell.run(*start, "--program", program)
    assert again.returncode == 1, again.stderr
    counts_again, rounded_again, _ = shadow(cell, "report")[1]
    assert counts_again == counts
    assert rounded_again["there"]["number"] == rounded["there"]["number"]
    # Nobody knows which environment it belongs to, so it cannot issue here.
    turned = cell.run("shadow", "cut-over", "--data", cell.folder)
    assert turned.returncode == 1
    assert "no environment is known" in turned.stderr
    away = {"running": False, "pid": None, "away": ""}
    assert shadow(cell, "status") == (1, [away | counts])
    assert cell.run("shadow", "stop", "--data", cell.folder).returncode == 0


def test_a_shadow_is_told_nothing_of_the_real_cells_settings() -> None:
    """A database's address in its environment would let a shadow issue in the real ledger."""
    given = {"PATH": "/bin", "KAIPIAO_DSN": "postgresql://real", "KAIPIAO_DATA": "/real"}

    assert clean(given) == {"PATH": "/bin"}
