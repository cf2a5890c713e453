"""The figures as one JSON object, and the ratios that the project has promised itself."""

from typing import Any, NamedTuple

import msgspec

from bench.rounds import Extras
from bench.session import Session


class Target(NamedTuple):
    """A figure, what it must and should be, and whether more of it is better."""

    name: str
    must: float
    aim: float
    more: bool = True

    def standing(self, value: float | None) -> str:
        if value is None:
            return "not measured"
        for word, bound in (("aim", self.aim), ("must", self.must)):
            if (value >= bound) if self.more else (value <= bound):
                return f"{word} reached"
        return "missed"


TARGETS = (
    Target("single / naive", 60, 100),
    Target("single / good", 9, 13),
    Target("bulk / copy", 0.55, 0.75),
    Target("bulk / single", 1.5, 1.9),
    Target("hot seller / ten thousand", 0.7, 0.9),
    Target("+10 ms on every commit / +0", 0.65, 0.8),
    Target("whole product / bare path", 0.6, 0.8),
    Target("stored / received bytes", 0.65, 0.45, more=False),
    Target("p99 ms at 12,800/s", 20, 8, more=False),
    Target("p99 ms at 50 %", 30, 20, more=False),
    Target("p99 ms at 80 %", 80, 40, more=False),
    Target("MB of a server process", 200, 150, more=False),
    Target("log leaves/s", 100_000, 100_000),
    Target("receipts verified/s", 20_000, 20_000),
)


def compose(session: Session, extras: Extras, machine: dict[str, object]) -> dict[str, Any]:
    """Everything that was found; the first keys are a contract for scripts."""
    raw = session.found.get("raw")
    return {
        "single_invoices_per_s": session.per_s("single"),
        "single_p99_ms_at_80": session.latency_ms("single_at_80"),
        "bulk_invoices_per_s": session.per_s("bulk"),
        "naive_invoices_per_s": session.per_s("naive"),
        "good_invoices_per_s": session.per_s("good"),
        "copy_rows_per_s": session.copy_per_s(),
        "hot_seller_invoices_per_s": session.per_s("hot_seller"),
        "bare_path_invoices_per_s": session.per_s("bare_path"),
        "p99_ms_at_12800": session.latency_ms("offered_12800"),
        "log_leaves_per_s": extras.leaves_per_s,
        "verify_receipts_per_s": extras.receipts_per_s,
        "server_rss_mb": extras.server_rss_mb,
        "bytes_per_invoice": extras.bytes_per_invoice,
        "received_bytes_per_invoice": extras.received_bytes,
        "logged_after_s": extras.logged_after_s,
        "commit_delay_found_ms": extras.delay_found_ms,
        "load_generator": {
            "most_requests_per_s": session.per_s("raw"),
            "cpu_us_per_request": raw[0].load_request_us if raw else None,
        },
        "ratios": ratios(session, extras),
        "stages_us": extras.stages_us,
        "machine": machine,
        "measurements": msgspec.to_builtins(session.found),
        "copies": msgspec.to_builtins(session.copied),
    }


def ratios(session: Session, extras: Extras) -> dict[str, float | None]:
    """By the names of ``TARGETS``; None where it was not measured."""
    per_s, single = session.per_s, session.per_s("single")
    found = {
        "single / naive": _over(single, per_s("naive")),
        "single / good": _over(single, per_s("good")),
        "bulk / copy": _over(per_s("bulk"), session.copy_per_s()),
        "bulk / single": _over(per_s("bulk"), single),
        "hot seller / ten thousand": _over(per_s("hot_seller"), single),
        "+10 ms on every commit / +0": _over(per_s("crowd_distant"), per_s("crowd")),
        "whole product / bare path": _over(single, per_s("bare_path")),
        "stored / received bytes": _over(extras.bytes_per_invoice, extras.received_bytes),
        "p99 ms at 12,800/s": session.latency_ms("offered_12800") or None,
        "p99 ms at 50 %": session.latency_ms("single_at_50") or None,
        "p99 ms at 80 %": session.latency_ms("single_at_80") or None,
        "MB of a server process": extras.server_rss_mb,
        "log leaves/s": extras.leaves_per_s,
        "receipts verified/s": extras.receipts_per_s,
    }
    assert list(found) == [target.name for target in TARGETS]
    return found


def _over(one: float, other: float) -> float | None:
    return one / other if one and other else None
