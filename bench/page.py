"""The figures as text: for the terminal, and between two marks of ``docs/explanation/speed.md``.

What people wrote around the marks stays.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import TARGETS

BEGIN = "<!-- figures: written by ./run bench, do not edit between these marks -->"
END = "<!-- end of figures -->"
ROLES = ("server", "postgres", "work", "load")


def render_ratios(figures: dict[str, Any]) -> str:
    """What was promised and what was found."""
    found = figures["ratios"]
    rows = [
        (one.name, _number(found[one.name]), _bound(one.must, one.more), _bound(one.aim, one.more),
         one.standing(found[one.name]))
        for one in TARGETS
    ]  # fmt: skip
    return table(("", "found", "must", "aim", ""), rows)


def render_rates(figures: dict[str, Any]) -> str:
    """Every measurement: medians over the rounds."""
    measured = figures["measurements"].items()
    rows = [_rate_row(name, found) for name, found in measured if not name.startswith("trial")]
    copies = figures["copies"]
    if copies:
        rate, postgres, client = (
            _number(median(copy[what] for copy in copies))
            for what in ("rows_per_s", "postgres_us", "client_us")
        )
        rows.append(["copy", rate, "", "", client, postgres, "", ""])
    head = ("", "invoices/s", "p50 ms", "p99 ms", *(f"{role} µs" for role in ROLES))
    return table(head, rows)


def _rate_row(name: str, found: Sequence[dict[str, Any]]) -> list[str]:
    def middle(*path: str) -> str:
        values = []
        for one in found:
            value: Any = one
            for step in path:
                value = value.get(step, 0.0)
            values.append(value)
        return _number(median(values))

    costs = [middle("cpu_us", role) for role in ROLES]
    latencies = (middle("latency_ms", "p50_ms"), middle("latency_ms", "p99_ms"))
    return [name, middle("invoices_per_s"), *latencies, *costs]


def render_stages(figures: dict[str, Any]) -> str:
    rows = [(name, _number(cost)) for name, cost in figures["stages_us"].items()]
    return table(("stage", "µs"), rows)


def render_machine(figures: dict[str, Any]) -> str:
    machine = figures["machine"]
    return (
        f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gib']} GiB,"
        f" {machine['system']}, kernel {machine['kernel']}, {machine['python']},"
        f" {machine['postgresql']}, {machine['file_system']}, a forced write"
        f" {machine['sync_ms']} ms, load average before {machine['load_average_before']:.1f}."
    )


def render_section(figures: dict[str, Any], *, source: str) -> str:
    """All of it, ratios first."""
    load = figures["load_generator"]
    return "\n\n".join(
        [
            BEGIN,
            f"Measured on {figures['date']}: [{source}](../bench/{source}).",
            render_machine(figures),
            render_ratios(figures),
            "Each at its most, then in the open loop; CPU is microseconds an invoice.",
            render_rates(figures),
            f"The load generator reaches {_number(load['most_requests_per_s'])} requests a second"
            f" against a server that does nothing, at {_number(load['cpu_us_per_request'])} µs"
            " each.",
            render_stages(figures),
            END,
        ]
    )


def write_section(page: Path, section: str) -> None:
    """Put the section between the marks of ``page``."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{section}{after}", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bound(value: float, more: bool) -> str:
    return f"{'≥' if more else '≤'} {_number(value)}"


def _number(value: float | None) -> str:
    """Three figures, which is more than a shared machine is good for."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
