"""Whether members extend the last log seen is proved; what cannot be proved is not claimed."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.continuity.cluster.root_words import log_summary, log_troubles
from kaipiao.continuity.cluster.roots import (
    Logs,
    Read,
    Root,
    look_at_roots,
    read_seen,
    write_seen,
)
from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint
from kaipiao.evidence.note import parse_note
from tests.unit.continuity.test_cluster_view import describe
from tests.unit.evidence.fakes import make_leaves
from tests.unit.evidence.published_log import KEY, PublishedFiles

NAMES = ("n1", "n2", "n3")
WHOLE = make_leaves(700)
OTHER = make_leaves(700, history="other")


def reads(**published: PublishedFiles) -> dict[str, Read]:
    return {name: log.read for name, log in published.items()}


def away(_: str) -> bytes:
    raise OSError("timed out")


def look(seen: Checkpoint | None, **published: PublishedFiles) -> tuple[list[Root], object]:
    opened = reads(**published)
    return look_at_roots(describe(), KEY, seen, reader=lambda member: opened.get(member.name, away))


def verdicts(seen: Checkpoint | None, **published: PublishedFiles) -> dict[str, str]:
    return {root.member: root.verdict for root in look(seen, **published)[0]}


def told(log: PublishedFiles) -> Checkpoint:
    return parse_checkpoint(parse_note(log.read("checkpoint").decode()).text)


def test_members_that_grew_extend_what_was_seen_and_the_furthest_is_kept() -> None:
    logs_ = {name: PublishedFiles(300, 600 + n, leaves=WHOLE) for n, name in enumerate(NAMES)}

    roots, keep = look(told(PublishedFiles(300, leaves=WHOLE)), **logs_)

    assert {root.verdict for root in roots} == {"extends"}
    assert keep == told(logs_["n3"])


def test_a_follower_that_is_behind_is_no_alarm() -> None:
    found = verdicts(
        told(PublishedFiles(650, leaves=WHOLE)),
        n1=PublishedFiles(660, leaves=WHOLE),
        n2=PublishedFiles(600, leaves=WHOLE),
        n3=PublishedFiles(660, leaves=WHOLE),
    )

    assert found == {"n1": "extends", "n2": "behind", "n3": "extends"}


def test_a_rewritten_history_is_told_of_whoever_has_it_and_is_not_kept() -> None:
    seen = told(PublishedFiles(300, leaves=WHOLE))
    roots, keep = look(
        seen,
        n1=PublishedFiles(690, leaves=OTHER),
        n2=PublishedFiles(600, leaves=WHOLE),
        n3=PublishedFiles(200, leaves=WHOLE),
    )

    assert [root.verdict for root in roots][:2] == ["differs", "extends"]
    assert keep == seen
    assert "does not extend" in log_troubles(Logs(roots=roots))[0].en


def test_a_log_that_lost_its_end_everywhere_is_told() -> None:
    seen = told(PublishedFiles(690, leaves=WHOLE))
    shorter = {name: PublishedFiles(600, leaves=WHOLE) for name in NAMES}

    assert set(verdicts(seen, **shorter).values()) == {"differs"}


def test_while_the_longest_is_away_nothing_is_claimed() -> None:
    seen = told(PublishedFiles(690, leaves=WHOLE))
    shorter = {name: PublishedFiles(600, leaves=WHOLE) for name in NAMES[:2]}

    assert verdicts(seen, **shorter) == {"n1": "unproven", "n2": "unproven", "n3": "not-asked"}


def test_nobody_answers() -> None:
    roots, keep = look(None)

    assert {root.verdict for root in roots} == {"not-asked"}
    assert keep is None
    assert "no member could be asked" in log_summary(Logs(roots=roots)).en


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=4, max_size=4))
def test_one_history_never_differs_from_itself(sizes: list[int]) -> None:
    """Whatever was seen of it, and however far each member is, if one has it all."""
    *members, seen = sizes
    members[0] = max(sizes)
    published = {
        name: PublishedFiles(size, leaves=WHOLE) for name, size in zip(NAMES, members, strict=True)
    }

    found = verdicts(told(PublishedFiles(seen, leaves=WHOLE)), **published)

    assert set(found.values()) <= {"extends", "behind"}


def test_what_was_seen_is_kept_and_read_back(tmp_path: Path) -> None:
    seen = told(PublishedFiles(7, leaves=WHOLE))

    assert read_seen(tmp_path) is None
    assert write_seen(tmp_path, seen)
    assert read_seen(tmp_path) == seen
    assert not write_seen(tmp_path / "not there", seen)
