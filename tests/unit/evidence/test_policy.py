"""Policies (C2SP tlog-policy): what is read, what is refused, and when a quorum is reached."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.evidence.note import parse_note
from kaipiao.evidence.policy import Policy, PolicyWrong, parse_policy
from tests.unit.evidence.fakes import make_signer
from tests.unit.evidence.witnessed import SIGNER, cosigned, make_cosigner, make_note, policy_text

NAMES = ["bureau", "auditor", "archive", "press", "bank"]
KEY = {name: str(make_cosigner(name).key) for name in NAMES}
NOTE = make_note()

TWO_LEVELS = f"""
# the specification's own example, with our keys
log {SIGNER.verifier} https://log.example/

\twitness X1  {KEY["bureau"]}\thttps://one.example/
witness X2 {KEY["auditor"]}
witness X3 {KEY["archive"]}
group X-witnesses 2 X1 X2 X3
  # indented comment
witness Y1 {KEY["press"]}
witness Y2 {KEY["bank"]}
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_specifications_example_means_what_it_says() -> None:
    policy = parse_policy(TWO_LEVELS.encode())

    assert [log.url for log in policy.logs] == ["https://log.example/"]
    assert policy.knows_log(SIGNER.verifier)
    assert not policy.knows_log(make_signer("other.example/log").verifier)
    assert policy.witnesses["X1"].url == "https://one.example/"
    assert policy.is_quorum({"X1", "X3", "Y2"})
    assert not policy.is_quorum({"X1", "X2", "X3"})
    assert not policy.is_quorum({"X1", "Y1", "Y2"})


@given(
    threshold=st.integers(1, 5),
    times=st.dictionaries(st.sampled_from(NAMES), st.integers(1, 9), max_size=5),
)
def test_k_of_n_is_reached_at_the_kth_cosignature(threshold: int, times: dict[str, int]) -> None:
    policy = parse_policy(policy_text(threshold, NAMES))
    at = policy.witnessed_at(cosigned(NOTE, times))

    assert (at is not None) == (len(times) >= threshold) == policy.is_quorum(set(times))
    if at is not None:
        assert sum(time <= at for time in times.values()) >= threshold
        assert sum(time < at for time in times.values()) < threshold


def test_a_cosignature_counts_for_its_own_checkpoint_and_its_own_key_only() -> None:
    policy = parse_policy(policy_text("any", ["bureau"]))
    of_another = cosigned(make_note(8), {"bureau": 5}).signatures[-1]
    stranger = cosigned(NOTE, {"press": 5})

    assert policy.witnessed_at(parse_note(NOTE)) is None
    assert policy.witnessed_at(stranger) is None
    assert policy.witnessed_at(stranger._replace(signatures=(of_another,))) is None


def test_quorum_none_needs_no_witness_and_witnesses_nothing() -> None:
    policy = parse_policy(b"quorum none\n")

    assert policy.is_quorum(())
    assert policy.knows_log(SIGNER.verifier)
    assert policy.witnessed_at(parse_note(NOTE)) is None


def test_a_single_witness_may_be_the_quorum_and_names_are_opaque_octets() -> None:
    policy = parse_policy(f"witness 局 {KEY['bureau']}\nquorum 局\n".encode())
    latin = parse_policy(b"witness \xff\xfe " + KEY["bureau"].encode() + b"\nquorum \xff\xfe\n")

    assert policy.witnessed_at(cosigned(NOTE, {"bureau": 3})) == 3
    assert latin.witnessed_at(cosigned(NOTE, {"bureau": 3})) == 3


W = f"witness a {KEY['bureau']}\nwitness b {KEY['auditor']}\n"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 0, "cut off"),
        ("# nothing\n", 0, "quorum"),
        (f"{W}quorum a", 0, "cut off"),
        (f"{W}quorum a\r\n", 3, "control"),
        (f"{W}quorum a\nquorum b\n", 4, "second"),
        (f"{W}quorum c\n", 3, "not defined"),
        (f"quorum a\n{W}", 1, "not defined"),
        (f"{W}group g any a c\nquorum g\n", 3, "not defined"),
        (f"{W}group g any a g\nquorum a\n", 3, "not defined"),
        (f"{W}group g any a a\nquorum a\n", 3, "already in a group"),
        (f"{W}group g any a\ngroup h any a b\nquorum g\n", 4, "already in a group"),
        (f"{W}group g any none\nquorum g\n", 3, "none cannot"),
        (f"{W}group none any a\nquorum none\n", 3, "taken"),
        (f"{W}group a any b\nquorum a\n", 3, "taken"),
        (f"{W}group g any\nquorum a\n", 3, "it is written"),
        (f"{W}group g 0 a b\nquorum a\n", 3, "threshold"),
        (f"{W}group g 3 a b\nquorum a\n", 3, "threshold"),
        (f"{W}group g +1 a b\nquorum a\n", 3, "threshold"),
        (f"{W}group g most a b\nquorum a\n", 3, "threshold"),
        (f"{W}witness c {KEY['bureau']}\nquorum a\n", 3, "before"),
        (f"witness a {SIGNER.verifier}\nquorum a\n", 1, "key"),
        (f"log {KEY['bureau']}\nquorum none\n", 1, "key"),
        (f"log {SIGNER.verifier}\nlog {SIGNER.verifier}\nquorum none\n", 2, "before"),
        (f"log {SIGNER.verifier} https://a https://b\nquorum none\n", 1, "it is written"),
        ("Quorum none\n", 1, "none of"),
        ("quorum none extra\n", 1, "it is written"),
    ],
)
def test_what_the_specification_forbids_is_refused_with_its_line(
    text: str, line: int, why: str
) -> None:
    with pytest.raises(PolicyWrong) as raised:
        parse_policy(text.encode())

    assert any(fault.line == line and why in fault.en for fault in raised.value.faults)
    assert all(fault.zh for fault in raised.value.faults)


def test_a_file_is_corrected_once_because_all_faults_are_told_at_once() -> None:
    with pytest.raises(PolicyWrong) as raised:
        parse_policy(b"log nonsense\nwitness a nonsense\ngroup g 2 a b\nnews none\n")

    assert [fault.line for fault in raised.value.faults] == [1, 2, 3, 4, 0]


def test_a_name_wrongly_defined_is_still_defined_for_the_lines_below() -> None:
    with pytest.raises(PolicyWrong) as raised:
        parse_policy(b"witness a nonsense\nquorum a\n")

    assert [fault.line for fault in raised.value.faults] == [1]


@pytest.mark.parametrize("count", [32, 33])
def test_thirty_two_witnesses_are_taken_and_no_more(count: int) -> None:
    names = [f"w{n}" for n in range(count)]
    try:
        policy: Policy | None = parse_policy(policy_text("all", names))
    except PolicyWrong:
        policy = None

    assert (policy is None) == (count > 32)


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(PolicyWrong, match="bytes"):
        parse_policy(b"#" * 300_000 + b"\nquorum none\n")
