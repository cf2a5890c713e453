"""kill -9 of every kind of process under load; the long one is ``./run drill kills``."""

from pathlib import Path

from drills.kills import KINDS, run_kills


async def test_whatever_is_killed_every_word_that_was_said_is_kept(scratch: Path) -> None:
    outcome = await run_kills(scratch / "cell", times=6, seed=1, say=lambda _: None)

    assert outcome.findings == []
    assert set(outcome.kills) == {kind.name for kind in KINDS}
    assert outcome.told_yes == outcome.stored == outcome.leaves > 1_000
    assert outcome.proofs_verified > 0
