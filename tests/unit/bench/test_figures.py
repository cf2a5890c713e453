"""The keys are a contract for scripts; the page keeps what people wrote around the figures."""

from pathlib import Path
from typing import Any

import pytest

from bench.figures import TARGETS, Target, compose
from bench.measure import Measured
from bench.page import BEGIN, END, render_rates, render_ratios, render_section, write_section
from bench.references import Copied
from bench.rounds import Extras
from bench.session import Session

CONTRACT = {
    "single_invoices_per_s", "single_p99_ms_at_80", "bulk_invoices_per_s", "naive_invoices_per_s",
    "good_invoices_per_s", "copy_rows_per_s", "hot_seller_invoices_per_s",
    "bare_path_invoices_per_s", "p99_ms_at_12800", "log_leaves_per_s", "verify_receipts_per_s",
    "server_rss_mb", "bytes_per_invoice",
}  # fmt: skip
EXTRAS = Extras(
    leaves_per_s=120_000,
    receipts_per_s=10_000,
    stages_us={"decode": 2.5},
    server_rss_mb=140,
    bytes_per_invoice=500,
    received_bytes=1_000,
    logged_after_s=0.1,
)
MACHINE: dict[str, object] = dict.fromkeys(
    ("cpu", "kernel", "system", "python", "postgresql", "file_system"), "x"
) | {"cores": 2, "memory_gib": 23.5, "sync_ms": 0.5, "load_average_before": 0.1}
FOUND = {
    "raw": [100_000.0], "single": [3_000.0, 1_000.0, 2_000.0], "naive": [20.0], "good": [100.0],
    "bare_path": [2_500.0], "bulk": [4_000.0], "hot_seller": [1_900.0], "crowd": [2_000.0],
    "crowd_distant": [1_500.0], "offered_12800": [12_800.0], "single_at_50": [1_000.0],
    "single_at_80": [1_600.0],
}  # fmt: skip


def measured(name: str, rate: float) -> Measured:
    return Measured(
        name=name,
        invoices_per_s=rate,
        latency_ms={"p50_ms": 1.0, "p99_ms": 7.0},
        cpu_us={"server": 21.0, "load": 8.0},
        connections=1,
    )


@pytest.fixture
def figures() -> dict[str, Any]:
    session = Session(Path(), None, None, {}, None)  # type: ignore[arg-type]  only what was found
    for name, rates in FOUND.items():
        session.found[name] = [measured(name, rate) for rate in rates]
    session.copied = [Copied(rows_per_s=5_000.0, postgres_us=8.0, client_us=3.0)]
    return compose(session, EXTRAS, MACHINE) | {"date": "2026-11-25"}


def test_every_key_of_the_contract_is_there(figures: dict[str, Any]) -> None:
    assert set(figures) >= CONTRACT
    assert all(figures[key] > 0 for key in CONTRACT)


def test_ratios_are_of_medians_over_the_rounds(figures: dict[str, Any]) -> None:
    ratios = figures["ratios"]

    assert figures["single_invoices_per_s"] == 2_000
    assert ratios["single / naive"] == 100
    assert ratios["bulk / copy"] == 0.8
    assert ratios["hot seller / ten thousand"] == 0.95
    assert ratios["whole product / bare path"] == 0.8
    assert ratios["stored / received bytes"] == 0.5
    assert ratios["+10 ms on every commit / +0"] == 0.75


def test_what_was_not_measured_is_not_called_missed() -> None:
    assert TARGETS[0].standing(None) == "not measured"


@pytest.mark.parametrize(
    "value, more, standing",
    [
        (100, True, "aim reached"), (99, True, "must reached"), (59, True, "missed"),
        (50, False, "aim reached"), (60, False, "aim reached"), (101, False, "missed"),
    ],
)  # fmt: skip
def test_a_target_is_reached_from_its_own_side(value: float, more: bool, standing: str) -> None:
    must, aim = (60, 100) if more else (100, 60)

    assert Target("any", must, aim, more).standing(value) == standing


def test_a_quick_run_shows_nothing_of_what_it_did_not_measure() -> None:
    session = Session(Path(), None, None, {}, None)  # type: ignore[arg-type]
    session.found["single"] = [measured("single", 1.0)]
    figures = compose(session, EXTRAS, MACHINE)

    assert figures["ratios"]["+10 ms on every commit / +0"] is None
    assert [line.split()[1] for line in render_rates(figures).splitlines()[2:]] == ["single"]
    assert "| not measured |" in render_ratios(figures)


def test_the_tables_are_tables(figures: dict[str, Any]) -> None:
    for text in (render_ratios(figures), render_rates(figures)):
        assert len({line.count("|") for line in text.splitlines()}) == 1


def test_writing_the_figures_keeps_what_people_wrote(
    tmp_path: Path, figures: dict[str, Any]
) -> None:
    page = tmp_path / "speed.md"
    page.write_text(f"# Speed\n\nBefore.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n", "utf-8")
    section = render_section(figures, source="2026-11-25-1.json")

    write_section(page, section)
    once = page.read_text("utf-8")
    write_section(page, section)

    assert page.read_text("utf-8") == once
    assert once.startswith("# Speed\n\nBefore.\n\n" + BEGIN)
    assert once.endswith(END + "\n\nAfter.\n")
    assert "old" not in once
