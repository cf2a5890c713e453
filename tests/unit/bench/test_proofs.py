"""What proving costs is measured on the real log writer and the real verifier."""

from pathlib import Path

from bench.proofs import BATCH, leaves_per_s, receipts_per_s
from bench.stages import stages_us
from kaipiao.evidence.published import PublishedLog


def test_leaves_are_in_a_published_log(tmp_path: Path) -> None:
    rate = leaves_per_s(tmp_path, seconds=0.05)

    assert rate > 0
    assert PublishedLog(tmp_path).checkpoint().size % BATCH == 0
    assert PublishedLog(tmp_path).checkpoint().size > 0


def test_receipts_are_judged_genuine(tmp_path: Path) -> None:
    assert receipts_per_s(tmp_path, seconds=0.01, different=8) > 0


def test_every_stage_costs_something() -> None:
    stages = stages_us(seconds=0.0)

    assert {"decode", "check", "canonical", "digest", "settle", "answer"} <= set(stages)
    assert all(cost > 0 for cost in stages.values())
