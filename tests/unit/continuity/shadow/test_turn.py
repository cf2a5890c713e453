"""Who issues and who is the shadow: wherever a turn stops, the two files say what is left to do."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from kaipiao.continuity.release import current as release
from kaipiao.continuity.release.current import Current, Program
from kaipiao.continuity.shadow.plan import (
    Elsewhere,
    Plan,
    Version,
    keep_plan,
    of_python,
    read_plan,
    turned,
    version_of,
    wanted,
)
from kaipiao.continuity.shadow.turn import Stand, TurnRefused, shadow_of, stand_of

AT = datetime(2026, 11, 25, tzinfo=UTC)
OLD, NEW, THIRD = (Program(f"/opt/{name}/bin/python", name) for name in ("1", "2", "3"))
ISSUES_OLD = Current(program=OLD)
SHADOW_NEW = Plan(version=of_python(NEW.python))


def test_each_crash_of_a_turn_leaves_a_state_of_its_own_with_a_way_out() -> None:
    """The steps of a cut-over and of the way back, one after the other, as they are done."""
    stands = [stand_of(SHADOW_NEW, ISSUES_OLD)]
    issues_new = release.opened(ISSUES_OLD, NEW, at=AT)
    stands.append(stand_of(SHADOW_NEW, issues_new))
    shadow_old = turned(SHADOW_NEW, of_python(OLD.python), why="cut-over", since=7, at=AT)
    stands.append(stand_of(shadow_old, issues_new))
    issues_old = release.rolled_back(issues_new, at=AT)
    stands.append(stand_of(shadow_old, issues_old))
    assert shadow_old.former is not None
    shadow_new = turned(shadow_old, shadow_old.former, why="back", since=9, at=AT)
    stands.append(stand_of(shadow_new, issues_old))

    assert stands == [
        Stand.BESIDE, Stand.CUT_HALF, Stand.CUT_OVER, Stand.BACK_HALF, Stand.BESIDE
    ]  # fmt: skip
    assert shadow_new.version == SHADOW_NEW.version
    assert (shadow_new.number, shadow_new.since) == (3, 9)


def test_a_cut_over_that_stopped_half_way_is_undone_by_the_release_alone() -> None:
    half = release.opened(ISSUES_OLD, NEW, at=AT)

    assert stand_of(SHADOW_NEW, release.rolled_back(half, at=AT)) is Stand.BESIDE


def test_another_release_that_is_open_is_no_turn_of_ours() -> None:
    other = release.opened(ISSUES_OLD, THIRD, at=AT)
    finishing = release.finishing(release.opened(ISSUES_OLD, NEW, at=AT), at=AT)

    for current in (other, finishing):
        with pytest.raises(TurnRefused, match="not finished"):
            stand_of(SHADOW_NEW, current)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (None, "no shadow here"),
        (Plan(elsewhere=Elsewhere("http://192.0.2.7:8720", "key")), "ledger of its own"),
        (Plan(version=Version(("/opt/wrapped",))), "no environment is known"),
    ],
)
def test_what_cannot_issue_here_is_refused_with_what_to_do(plan: Plan | None, why: str) -> None:
    with pytest.raises(TurnRefused, match=why):
        shadow_of(plan)


def test_a_started_shadow_goes_on_with_its_plan_unless_another_one_is_asked_for() -> None:
    """The unit file that starts it names the version that was the shadow before the turn."""
    begun = Plan(version=of_python(THIRD.python), since=12)
    old, new = of_python(OLD.python), SHADOW_NEW.version
    known = turned(SHADOW_NEW, old, why="cut-over", since=7, at=AT)

    for asked in (None, old, new):
        assert wanted(known, asked, None, begun) == known
    assert wanted(None, begun.version, None, begun) == begun
    other = wanted(known, begun.version, None, begun)
    assert other == msgspec.structs.replace(begun, number=known.number + 1)
    elsewhere = Elsewhere("http://192.0.2.7:8720", "key")
    assert wanted(known, None, elsewhere, begun).number == known.number + 1


def test_the_environment_of_a_command_is_found_beside_it(tmp_path: Path) -> None:
    environment = tmp_path / "opt/2/bin"
    environment.mkdir(parents=True)
    for name in ("python", "kaipiao"):
        (environment / name).touch(0o755)
    link = tmp_path / "kaipiao"
    link.symlink_to(environment / "kaipiao")
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "kaipiao").touch(0o755)
    python = str(environment / "python")

    assert version_of([str(environment / "kaipiao")]).python == python
    assert version_of([str(link)]).python == python
    assert version_of([python]) == of_python(python)
    assert version_of([str(alone / "kaipiao")]).python == ""


def test_the_plan_is_kept_whole(tmp_path: Path) -> None:
    plan = turned(SHADOW_NEW, of_python(OLD.python), why="cut-over", since=7, at=AT)

    assert read_plan(tmp_path / "plan.json") is None
    assert read_plan(tmp_path / keep_plan_at(tmp_path, plan)) == plan


def keep_plan_at(folder: Path, plan: Plan) -> str:
    keep_plan(folder / "plan.json", plan)
    return "plan.json"
