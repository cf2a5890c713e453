"""Every vendor is dead, then one comes back; the long one is ``./run drill seals``."""

from pathlib import Path

from drills.seals import run_seals


async def test_a_backlog_drains_when_one_vendor_returns_whatever_the_others_do(
    scratch: Path,
) -> None:
    outcome = await run_seals(
        scratch / "cell", invoices=1_500, kills=1, per_second=500, say=lambda _: None
    )

    assert outcome.findings == []
    assert outcome.issued == 1_501
    assert outcome.oldest_s > 0
    assert outcome.signed["good"] >= 1_501
