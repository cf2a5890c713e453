"""A receipt convinces whoever holds the public key; a false one is told why it is false."""

from base64 import b64encode
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.canonical import digest
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.note import compose_note
from kaipiao.evidence.proof import (
    PROOF_CHARS_MAX,
    Opening,
    Proof,
    compose_opening,
    compose_proof,
    parse_opening,
    parse_proof,
)
from kaipiao.evidence.verdict import FaultCode, verify_receipt
from kaipiao.fiscal.money import MAX_FEN
from kaipiao.fiscal.month import BEIJING
from tests.unit.evidence.fakes import make_leaves, make_signer
from tests.unit.evidence.rfc6962 import slow_path

SIGNER = make_signer()
VKEY = str(SIGNER.verifier)
DRAFT = b'{"seller":"..."}'
OPENING = Opening(
    number="26311000000000000042",
    issued_at=datetime(2026, 11, 24, 4, 0, 0, 1, tzinfo=UTC),
    net_fen=10_000,
    tax_fen=1_300,
    digest=digest(DRAFT).hex(),
    salt="00112233445566778899aabbccddeeff",
)
INDEX, SIZE = 5, 11
LEAVES = make_leaves(SIZE)
LEAVES[INDEX] = OPENING.leaf()
EDGE, _ = grow(Edge(), LEAVES)


def make_proof(
    *, opening: Opening | None = OPENING, index: int = INDEX, origin: str = SIGNER.name
) -> Proof:
    checkpoint = Checkpoint(origin, SIZE, EDGE.frontier.root())
    return Proof(
        index=index,
        path=tuple(slow_path(INDEX, LEAVES)),
        note=compose_note(compose_checkpoint(checkpoint), [SIGNER]),
        extra=None if opening is None else compose_opening(opening),
    )


def faults_of(text: str, vkey: str = VKEY, *, draft_bytes: bytes | None = None) -> set[FaultCode]:
    return {fault.code for fault in verify_receipt(text, vkey, draft_bytes=draft_bytes).faults}


def test_a_genuine_receipt_tells_what_was_issued() -> None:
    verdict = verify_receipt(compose_proof(make_proof()), VKEY, draft_bytes=DRAFT)

    assert verdict.is_genuine
    assert verdict.opening == OPENING
    assert verdict.index == INDEX
    assert verdict.checkpoint is not None
    assert verdict.checkpoint.size == SIZE


def test_a_receipt_is_the_text_of_the_specification() -> None:
    lines = compose_proof(make_proof()).split("\n")

    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 5"
    assert lines[7:10] == ["", "kaipiao.example/31-1", "11"]
    assert lines[-2].startswith("— kaipiao.example/31-1 ")
    assert lines[-1] == ""


@pytest.mark.parametrize(
    "change",
    [
        {"number": "26311000000000000043"},
        {"issued_at": datetime(2026, 11, 24, 4, 0, 0, 2, tzinfo=UTC)},
        {"net_fen": 10_001},
        {"tax_fen": 0},
        {"digest": "00" * 32},
        {"salt": "00" * 16},
    ],
)
def test_a_receipt_with_one_field_altered_is_not_in_the_log(change: dict[str, object]) -> None:
    altered = msgspec.structs.replace(OPENING, **change)

    assert faults_of(compose_proof(make_proof(opening=altered))) == {FaultCode.NOT_IN_LOG}


def test_the_earliest_instant_that_can_be_written_is_only_another_leaf() -> None:
    text = compose_opening(OPENING).replace(b"2026-11-24T04:00:00.000001Z", b"0001-01-01T00:00:00Z")
    proof = msgspec.structs.replace(make_proof(), extra=text)

    assert faults_of(compose_proof(proof)) == {FaultCode.NOT_IN_LOG}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (b"T04:00:00.000001Z", b"T12:00:00.000001+08:00"),
        (b"T04:00:00.000001Z", b"T04:00:00.000001+00:00"),
        (b"T04:00:00.000001Z", b"t04:00:00.000001z"),
        (b":10000,", b":1e4,"),
        (b":10000,", b": 10000,"),
        (b'"number"', b'"n\\u0075mber"'),
    ],
)
def test_the_same_fields_in_another_spelling_are_no_opening(ours: bytes, theirs: bytes) -> None:
    extra = compose_opening(OPENING).replace(ours, theirs)
    assert extra != compose_opening(OPENING)
    proof = msgspec.structs.replace(make_proof(), extra=extra)

    assert faults_of(compose_proof(proof)) == {FaultCode.NO_OPENING}


def test_an_instant_in_beijing_is_written_in_utc() -> None:
    in_beijing = msgspec.structs.replace(OPENING, issued_at=OPENING.issued_at.astimezone(BEIJING))

    assert compose_opening(in_beijing) == compose_opening(OPENING)


def test_a_receipt_of_another_log_is_told_from_a_forged_one() -> None:
    other = make_signer("kaipiao.example/44-1")
    text = compose_proof(make_proof())

    assert faults_of(text, str(other.verifier)) == {FaultCode.OTHER_LOG, FaultCode.UNSIGNED}
    assert faults_of(compose_proof(make_proof(origin="else.example"))) == {FaultCode.OTHER_LOG}


def test_a_checkpoint_altered_after_signing_is_forged() -> None:
    text = compose_proof(make_proof())

    assert faults_of(text.replace("31-1\n11\n", "31-1\n12\n")) >= {FaultCode.FORGED}


def test_a_wrong_place_is_told() -> None:
    assert faults_of(compose_proof(make_proof(index=4))) == {FaultCode.NOT_IN_LOG}
    assert faults_of(compose_proof(make_proof(index=11))) == {FaultCode.IMPOSSIBLE_PATH}
    assert faults_of(compose_proof(make_proof(index=10))) == {FaultCode.IMPOSSIBLE_PATH}


def test_a_genuine_receipt_of_another_invoice_is_told() -> None:
    text = compose_proof(make_proof())

    assert faults_of(text, draft_bytes=b"{}") == {FaultCode.OTHER_INVOICE}


def test_every_fault_is_told_at_once() -> None:
    altered = msgspec.structs.replace(OPENING, net_fen=1)
    text = compose_proof(make_proof(opening=altered)).replace("31-1\n11\n", "31-1\n10\n")

    assert faults_of(text, draft_bytes=b"{}") == {
        FaultCode.FORGED,
        FaultCode.NOT_IN_LOG,
        FaultCode.OTHER_INVOICE,
    }


@pytest.mark.parametrize(
    "extra",
    [
        None,
        b"",
        b"not json",
        b"{}",
        b"[]",
        compose_opening(OPENING).replace(b'"net_fen":10000', b'"net_fen":"10000"'),
        compose_opening(OPENING).replace(b'"net_fen":10000', b'"net_fen":%d' % (MAX_FEN + 1)),
        compose_opening(OPENING).replace(b'"net_fen"', b'"more":1,"net_fen"'),
        compose_opening(OPENING).replace(b"26311", b"2631"),
        compose_opening(OPENING).replace(b"00000042", b"0000042\\n"),
        compose_opening(OPENING).replace(b"0112", b"0X12"),
        compose_opening(OPENING).replace(b"Z", b""),
    ],
)
def test_a_receipt_without_its_fields_still_tells_whose_it_is(extra: bytes | None) -> None:
    proof = msgspec.structs.replace(make_proof(), extra=extra)
    verdict = verify_receipt(compose_proof(proof), VKEY)

    assert [fault.code for fault in verdict.faults] == [FaultCode.NO_OPENING]
    assert verdict.checkpoint is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "c2sp.org/tlog-proof@v1\n",
        compose_proof(make_proof()).replace("@v1", "@v2"),
        compose_proof(make_proof()).replace("index 5", "index 05"),
        compose_proof(make_proof()).replace("index 5", "Index 5"),
        compose_proof(make_proof()).replace("index 5", "index 5\nAAAA"),
        compose_proof(make_proof()).replace("index 5\n", "index 5\n" + "A" * 43 + "=\n" * 64),
        compose_proof(make_proof()).replace("extra ", "extra " + "A" * 4096),
        compose_proof(make_proof()).replace("\n", "\r\n"),
        compose_proof(make_proof())[:-100],
        "c2sp.org/tlog-proof@v1" * (PROOF_CHARS_MAX // 20),
        "\ud800",
    ],
)
def test_what_is_no_receipt_is_called_unreadable(text: str) -> None:
    assert faults_of(text) == {FaultCode.UNREADABLE}


def test_a_question_without_a_key_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="verifier key"):
        verify_receipt(compose_proof(make_proof()), "no key")


@given(st.data())
def test_no_damage_to_a_receipt_breaks_the_judge_or_pleases_it(data: st.DataObject) -> None:
    """Any cut, any insertion, anywhere: it is refused, or it still says the very same."""
    text = compose_proof(make_proof())
    start = data.draw(st.integers(min_value=0, max_value=len(text)))
    end = data.draw(st.integers(min_value=start, max_value=min(len(text), start + 60)))
    verdict = verify_receipt(text[:start] + data.draw(st.text(max_size=60)) + text[end:], VKEY)

    if verdict.is_genuine:
        assert (verdict.opening, verdict.index) == (OPENING, INDEX)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from(Opening.__struct_fields__), json_values))
def test_no_opening_breaks_the_judge(fields: dict[str, object]) -> None:
    extra = b64encode(msgspec.json.encode({**msgspec.to_builtins(OPENING), **fields})).decode()
    before, _, after = compose_proof(make_proof()).split("\n", 2)[0:3]

    verdict = verify_receipt(f"{before}\nextra {extra}\n{after}", VKEY)
    assert verdict.is_genuine == (verdict.opening == OPENING)


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=-MAX_FEN, max_value=MAX_FEN),
    st.integers(min_value=-MAX_FEN, max_value=MAX_FEN),
)
def test_any_lawful_opening_has_a_leaf(issued_at: datetime, net_fen: int, tax_fen: int) -> None:
    opening = msgspec.structs.replace(
        OPENING, issued_at=issued_at, net_fen=net_fen, tax_fen=tax_fen
    )

    assert parse_opening(compose_opening(opening)).leaf() == opening.leaf()


@given(st.text())
def test_no_text_breaks_the_reader_of_proofs(text: str) -> None:
    for candidate in (
        text,
        f"c2sp.org/tlog-proof@v1\n{text}",
        text.join(["extra ", "index 0\n\n"]),
    ):
        try:
            parse_proof(candidate)
        except ValueError:
            continue
