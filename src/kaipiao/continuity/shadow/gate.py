"""What must hold before the shadow may issue.  Each limit has a number and a name."""

from datetime import datetime, timedelta

from kaipiao.continuity.shadow.book import Tally

FRESH_WITHIN = timedelta(seconds=60)
"""So old may the last look at the shadow be."""

COMPARED_AT_LEAST = 100
"""Fewer invoices say little about a version."""

WAITING_AT_MOST = 100
"""Issued and not compared yet."""

Words = tuple[str, str]


def check_ready(tally: Tally | None, now: datetime) -> list[Words]:
    """Every reason why the shadow should not issue yet, in Chinese and English; empty: it may."""
    if tally is None:
        return [
            ("还没有比对过: kaipiao shadow start", "nothing was compared: kaipiao shadow start")
        ]
    faults = [*_check_fresh(tally, now), *_check_enough(tally)]
    apart = tally.diverged + tally.only_here + tally.only_there
    if apart:
        faults.append(
            (
                f"有 {apart:,} 处不一致: kaipiao shadow report",
                f"{apart:,} are not alike: kaipiao shadow report",
            )
        )
    return faults


def _check_fresh(tally: Tally, now: datetime) -> list[Words]:
    within = int(FRESH_WITHIN.total_seconds())
    if tally.looked_at is not None and now - tally.looked_at <= FRESH_WITHIN and not tally.away:
        return []
    why = tally.away or "kaipiao shadow status"
    return [
        (
            f"最近 {within} 秒内没有比对 ({why})",
            f"nothing was compared in the last {within} seconds ({why})",
        )
    ]


def _check_enough(tally: Tally) -> list[Words]:
    faults = []
    compared = tally.same + tally.diverged + tally.only_here
    if compared < COMPARED_AT_LEAST:
        faults.append(
            (
                f"只比对了 {compared:,} 张, 至少 {COMPARED_AT_LEAST}",
                f"only {compared:,} were compared; at least {COMPARED_AT_LEAST}",
            )
        )
    if tally.waiting > WAITING_AT_MOST:
        faults.append(
            (
                f"还有 {tally.waiting:,} 张等待比对, 至多 {WAITING_AT_MOST}",
                f"{tally.waiting:,} wait to be compared; at most {WAITING_AT_MOST}",
            )
        )
    return faults
