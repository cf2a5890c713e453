"""What three Patronis say becomes one picture, whoever of them is cut off, slow or wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from kaipiao.continuity.cluster.description import Dcs, Description, Member, Ports
from kaipiao.continuity.cluster.view import NOTE, ClusterView, look
from kaipiao.continuity.cluster.words import last_switch, spares, summary, troubles

NAMES = ("n1", "n2", "n3")


def describe() -> Description:
    members = tuple(Member(name, f"192.0.2.{n}") for n, name in enumerate(NAMES, 1))
    return Description("t", 33, Path("/"), Dcs(), Ports(), members, {}, Path("/t.toml"))


def listed(name: str, role: str, **more: Any) -> dict[str, Any]:
    state = "running" if role == "leader" else "streaming"
    return {"name": name, "role": role, "state": state, "timeline": 2, "lag": 0} | more


def cluster(leader: str | None = "n1", **more: Any) -> dict[str, Any]:
    members = [listed(n, "leader" if n == leader else "quorum_standby") for n in NAMES]
    return {"members": members, "scope": "t"} | more


class Patronis:
    """What each member answers, as Patroni 4.1.5 writes it; those in ``gone`` do not."""

    def __init__(self) -> None:
        self.cluster = {name: cluster() for name in NAMES}
        self.history: list[list[Any]] = []
        self.config: dict[str, Any] = {"ttl": 5}
        self.gone: set[str] = set()
        self.leading = "n1"

    def __call__(self, url: str) -> Any:
        name = f"n{url.split(':')[1][-1]}"
        what = url.rpartition("/")[2]
        if name in self.gone:
            raise OSError("timed out")
        leads = name == self.leading
        answers = {
            "patroni": {"state": "running", "role": "primary" if leads else "replica"},
            "cluster": self.cluster[name],
            "history": self.history,
            "config": self.config,
        }
        return json.loads(json.dumps(answers[what]))

    def seen(self) -> ClusterView:
        return look(describe(), get=self)


@pytest.fixture
def patronis() -> Patronis:
    return Patronis()


def english(view: ClusterView) -> str:
    return "\n".join([summary(view).en, *(one.en for one in troubles(view))])


def test_a_whole_cluster_issues_and_has_nothing_to_complain_of(patronis: Patronis) -> None:
    view = patronis.seen()

    assert view.leader == "n1"
    assert view.is_writable
    assert english(view) == "Issuing; n1 leads, 2 standbys are ready to take over."


def test_a_member_cut_off_does_not_outvote_the_others(patronis: Patronis) -> None:
    """The old primary still believes that it leads; the other two know better."""
    for name in ("n2", "n3"):
        patronis.cluster[name] = cluster("n2")

    assert patronis.seen().leader == "n2"


def test_of_two_opinions_the_newer_timeline_counts(patronis: Patronis) -> None:
    patronis.gone = {"n3"}
    patronis.cluster["n2"] = cluster("n2")
    patronis.cluster["n2"]["members"][1]["timeline"] = 3

    assert patronis.seen().leader == "n2"


def test_with_one_standby_left_it_says_what_that_means(patronis: Patronis) -> None:
    patronis.gone = {"n3"}
    view = patronis.seen()

    assert view.is_writable
    assert "losing one more member stops it" in english(view)
    assert "kaipiao node up --member n3" in english(view)


def test_a_primary_that_fell_silent_is_not_said_to_issue(patronis: Patronis) -> None:
    patronis.gone = {"n1"}

    assert "n1 leads and does not answer" in english(patronis.seen())


def test_without_a_standby_that_can_confirm_it_does_not_claim_to_issue(patronis: Patronis) -> None:
    patronis.gone = {"n2", "n3"}
    view = patronis.seen()

    assert not view.is_writable
    assert "loses nothing" in english(view)


def test_whoever_has_the_lock_and_does_not_write_yet_is_not_said_to_issue(
    patronis: Patronis,
) -> None:
    patronis.leading = ""
    view = patronis.seen()

    assert view.leader == "n1"
    assert not view.is_writable
    assert "n1 is taking over" in english(view)


def test_a_standby_outside_the_quorum_confirms_nothing(patronis: Patronis) -> None:
    for one in patronis.cluster.values():
        for member in one["members"][1:]:
            member["role"] = "replica"

    assert not patronis.seen().is_writable


def test_nobody_leading_is_told_as_a_503_to_retry(patronis: Patronis) -> None:
    patronis.cluster = {name: cluster(None) for name in NAMES}

    assert "retry with the same key" in english(patronis.seen())


def test_nobody_answering_is_not_called_an_outage_of_theirs_alone(patronis: Patronis) -> None:
    patronis.gone = set(NAMES)

    assert "No member answers" in english(patronis.seen())
    assert last_switch(patronis.seen()).en == "Last switch: unknown."


def test_a_pause_is_never_passed_over_in_silence(patronis: Patronis) -> None:
    patronis.cluster = {name: cluster(pause=True) for name in NAMES}

    assert "kaipiao cluster resume" in english(patronis.seen())


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"lag": 5 << 20, "replay_lag": 5 << 20}, "n2 is 5 MiB behind"),
        ({"state": "creating replica"}, "n2 is copying the data"),
        ({"timeline": 1}, "timeline 1 and being rewound"),
        ({"pending_restart": True}, "wait for its database to restart"),
    ],
)
def test_a_standby_in_trouble_is_told_in_words(
    patronis: Patronis, what: dict[str, Any], words: str
) -> None:
    for one in patronis.cluster.values():
        one["members"][1] |= what

    assert words in english(patronis.seen())


def test_an_unknown_lag_is_not_called_zero(patronis: Patronis) -> None:
    """Patroni writes the word where it has no number."""
    for one in patronis.cluster.values():
        one["members"][1] |= {"lag": "unknown", "replay_lag": "unknown"}

    assert patronis.seen().member("n2").lag_bytes is None


LINE = [1, 50_331_808, "no recovery target specified", "2026-11-25T12:00:00.5+00:00", "n2"]


def test_a_promotion_that_nobody_asked_for_is_a_failover(patronis: Patronis) -> None:
    patronis.history = [LINE]

    words = last_switch(patronis.seen()).en

    assert "2026-11-25 12:00:00Z: a failover" in words
    assert "n2 took over" in words


def test_a_promotion_that_was_asked_for_says_by_whom_and_why(patronis: Patronis) -> None:
    patronis.history = [LINE]
    patronis.config[NOTE] = {"timeline": 1, "from": "n1", "by": "wang", "why": "new memory"}

    words = last_switch(patronis.seen()).en

    assert "a switchover to n2 that wang asked for: new memory" in words


def test_a_note_about_an_earlier_switch_does_not_explain_a_later_one(patronis: Patronis) -> None:
    patronis.history = [LINE, [2, 60_000_000, *LINE[2:4], "n3"]]
    patronis.config[NOTE] = {"timeline": 1, "from": "n1", "by": "wang", "why": "new memory"}

    assert "failover" in last_switch(patronis.seen()).en


def test_a_standby_that_runs_and_receives_nothing_is_no_spare_and_is_told(
    patronis: Patronis,
) -> None:
    """As a drill left it once: "running" looks well, and no commit could count on it."""
    for one in patronis.cluster.values():
        one["members"][1] |= {"state": "running", "role": "replica"}
    view = patronis.seen()

    assert spares(view) == 0
    assert "n2 runs and receives nothing from the primary" in english(view)
    assert "kaipiao cluster reinit n2" in english(view)


def test_one_on_an_older_timeline_is_no_spare(patronis: Patronis) -> None:
    for one in patronis.cluster.values():
        one["members"][1]["timeline"] = 1

    assert spares(patronis.seen()) == 0
    assert "losing one more member stops it" in english(patronis.seen())
