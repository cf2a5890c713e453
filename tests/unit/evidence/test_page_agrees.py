"""Two verifiers that share no code, before the same receipts and documents: they agree.

Genuine, tampered (each field, each hash of the path, index, size, root, signature, each letter),
truncated, of another log, of a tree that does not exist yet, cosigned.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.judged import judge_document
from kaipiao.delivery.renditions.einvoice.write import render, render_einvoice
from kaipiao.delivery.renditions.make import Press
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.cosignature import Cosigner, compose_line
from kaipiao.evidence.grade import grade_note
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.evidence.merkle import tree_root
from kaipiao.evidence.note import compose_note, parse_note
from kaipiao.evidence.policy import parse_policy
from kaipiao.evidence.proof import Proof, compose_opening, compose_proof, parse_proof
from kaipiao.evidence.timestamp import stamp_line
from kaipiao.evidence.trust import Trust, parse_vkeys
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.draft import Draft, Line
from kaipiao.fiscal.money import MAX_FEN
from tests.strategies import lawful_draft, make_line, words
from tests.unit.delivery.renditions.einvoice.proven import proven, sign_here
from tests.unit.delivery.renditions.einvoice.test_write import any_drafts
from tests.unit.evidence.fakes import ORIGIN, make_leaves, make_signer
from tests.unit.evidence.rfc6962 import slow_path
from tests.unit.evidence.second_verifier import ask, receipt_case, tree_case
from tests.unit.evidence.test_verdict import (
    EDGE,
    INDEX,
    LEAVES,
    OPENING,
    SIGNER,
    VKEY,
    make_proof,
)

GENUINE = compose_proof(make_proof())
PROOF = parse_proof(GENUINE)
NEXT = Ed25519Signer(SIGNER.name, bytes(range(32)))  # the same log's next key
OTHER = make_signer("kaipiao.example/44-1")


def with_opening(**change: object) -> str:
    return compose_proof(make_proof(opening=msgspec.structs.replace(OPENING, **change)))


def with_extra(before: bytes, after: bytes) -> str:
    extra = compose_opening(OPENING)
    assert before in extra
    return compose_proof(msgspec.structs.replace(PROOF, extra=extra.replace(before, after, 1)))


def with_path(path: tuple[bytes, ...]) -> str:
    return compose_proof(msgspec.structs.replace(PROOF, path=path))


def flipped(content: bytes, bit: int = 0) -> bytes:
    return bytes([content[0] ^ 1 << bit]) + content[1:]


def tampered() -> Iterator[tuple[str, str]]:
    for field in ("net_fen", "tax_fen"):
        for fen in (0, 1, -1, MAX_FEN, -MAX_FEN):
            yield f"{field} {fen}", with_opening(**{field: fen})
    yield "number", with_opening(number="26311000000000000043")
    yield "digest", with_opening(digest="00" * 32)
    yield "salt", with_opening(salt="00" * 16)
    yield "time", with_opening(issued_at=OPENING.issued_at.replace(microsecond=2))
    for place, node in enumerate(PROOF.path):
        yield (
            f"path {place}",
            with_path((*PROOF.path[:place], flipped(node), *PROOF.path[place + 1 :])),
        )
        yield f"path without {place}", with_path((*PROOF.path[:place], *PROOF.path[place + 1 :]))
    yield "path longer", with_path((*PROOF.path, bytes(32)))
    yield "path turned", with_path(PROOF.path[::-1])
    yield "path of 63", with_path((bytes(32),) * 63)
    yield "path of 64", with_path((bytes(32),) * 64)
    yield "short hash", with_path((bytes(31), *PROOF.path[1:]))
    for index in (0, 4, 6, 10, 11, 2**62, 2**63 - 1, 2**63):
        yield f"index {index}", GENUINE.replace("index 5", f"index {index}")
    for size in (0, 1, 5, 6, 10, 12, 2**40, 2**63 - 1, 2**63):
        yield f"size {size}", GENUINE.replace("\n11\n", f"\n{size}\n")
    root = b64encode(EDGE.frontier.root()).decode()
    yield "root", GENUINE.replace(root, b64encode(bytes(32)).decode())
    yield "root short", GENUINE.replace(root, b64encode(bytes(31)).decode())
    signature = GENUINE.rstrip("\n").rpartition(" ")[2]
    content = b64decode(signature)
    for at in (0, 4, 35, 36, 67):
        changed = content[:at] + flipped(content[at:])
        yield f"signature {at}", GENUINE.replace(signature, b64encode(changed).decode())
    yield "signature short", GENUINE.replace(signature, b64encode(content[:-1]).decode())


def respelled() -> Iterator[tuple[str, str]]:
    for before, after in (
        (b"T04:00:00.000001Z", b"T12:00:00.000001+08:00"),
        (b"00.000001Z", b"00.000001z"),
        (b"2026-11-24T04:00:00.000001Z", b"2026-11-24T04:00:00.000000Z"),
        (b"2026-11-24T04:00:00.000001Z", b"2026-02-29T04:00:00Z"),
        (b"2026-11-24T04:00:00.000001Z", b"2028-02-29T04:00:00Z"),
        (b"2026-11-24T04:00:00.000001Z", b"0000-01-01T00:00:00Z"),
        (b"2026-11-24T04:00:00.000001Z", b"0001-01-01T00:00:00Z"),
        (b"2026-11-24T04:00:00.000001Z", b"9999-12-31T23:59:59.999999Z"),
        (b"T04:00:00.000001Z", b"T24:00:00Z"),
        (b"T04:00:00.000001Z", b"T23:59:60Z"),
        (b":10000,", b":10000.0,"),
        (b":10000,", b":-0,"),
        (b":10000,", b":010000,"),
        (b":10000,", b":1000000000000000000,"),
        (b":10000,", b':"10000",'),
        (b"{", b"{ "),
        (b"}", b"}\n"),
        (b"}", b',"more":1}'),
        (b'"number"', b'"n\\u0075mber"'),
        (b"0112", b"011\xff"),
    ):
        if before in compose_opening(OPENING):
            yield f"{before!r} {after!r}", with_extra(before, after)
    yield "two extras", GENUINE.replace("index", "extra AAAA\nindex", 1)
    yield "no opening", compose_proof(make_proof(opening=None))
    yield "windows", GENUINE.replace("\n", "\r\n")
    yield "byte order mark", "\ufeff" + GENUINE
    yield "control", GENUINE.replace("31-1", "31\x07-1")
    yield "surrogate", GENUINE + "\ud800"
    yield (
        "unknown signature",
        GENUINE + "— bureau.example/w1 " + b64encode(bytes(76)).decode() + "\n",
    )
    yield "lawful further line", GENUINE.replace("\n\n—", "\nmore\n\n—")
    yield "odd base64", re.sub("=\n", "\n", GENUINE, count=1)


def checkpoint_variants() -> Iterator[tuple[str, str]]:
    text = parse_note(PROOF.note).text
    for name, signers in (
        ("other key", [OTHER]),
        ("next key", [NEXT]),
        ("both", [SIGNER, NEXT]),
        ("two logs", [OTHER, SIGNER]),
    ):
        yield name, compose_proof(msgspec.structs.replace(PROOF, note=compose_note(text, signers)))
    for signer in (OTHER, SIGNER):
        signed = compose_proof(make_proof(origin=OTHER.name))
        note = compose_note(parse_note(parse_proof(signed).note).text, [signer])
        yield (
            f"other origin {signer.name}",
            compose_proof(msgspec.structs.replace(PROOF, note=note)),
        )


def letters() -> Iterator[tuple[str, str]]:
    """Every letter made another one, and every cut."""
    for at in range(0, len(GENUINE), 2):
        letter = "B" if GENUINE[at] == "A" else "A"
        yield f"letter {at}", GENUINE[:at] + letter + GENUINE[at + 1 :]
    for length in range(0, len(GENUINE), 3):
        yield f"cut {length}", GENUINE[:length]
        yield f"cut before {length}", GENUINE[length:]


@pytest.mark.parametrize("keys", [(VKEY,), (str(OTHER.verifier),), (str(NEXT.verifier), VKEY)])
def test_both_verifiers_agree_on_every_receipt(keys: tuple[str, ...]) -> None:
    cases = [
        ("genuine", GENUINE),
        *tampered(),
        *respelled(),
        *checkpoint_variants(),
        *letters(),
    ]
    trust = Trust(parse_vkeys(keys))
    ours = {name: verify_receipt(text, trust) for name, text in cases}
    theirs = ask([receipt_case(text, keys) for _, text in cases])

    for (name, _), found in zip(cases, theirs, strict=True):
        assert sorted(found["faults"]) == sorted(f.code for f in ours[name].faults), name
    assert ours["genuine"].is_genuine == (keys != (str(OTHER.verifier),))


def test_the_second_verifier_reads_what_the_first_reads() -> None:
    ((found),) = ask([receipt_case(GENUINE, [VKEY])])

    assert found["grade"] == "E1"
    assert (found["opening"]["number"], found["opening"]["net"]) == (OPENING.number, "10000")
    assert (found["index"], found["checkpoint"]["size"]) == (str(INDEX), str(len(LEAVES)))


WITNESSES = [Cosigner(f"w{n}.example", bytes([n]) * 32) for n in range(1, 4)]


def cosigned(*which: int, note: str = PROOF.note, damaged: int = 0) -> str:
    for n in which:
        line = compose_line(
            WITNESSES[n - 1].cosign(parse_note(note).text, seconds=1_790_000_000 + n)
        )
        if n == damaged:
            content = b64decode(line.split(" ")[2])
            line = line.replace(
                line.split(" ")[2], b64encode(flipped(content[::-1])[::-1]).decode() + "\n"
            )
        note += line
    return compose_proof(msgspec.structs.replace(PROOF, note=note))


def test_both_verifiers_grade_alike_by_the_witnesses_one_trusts() -> None:
    listed = "".join(
        f"witness w{n} {w.key} https://w{n}.example\n" for n, w in enumerate(WITNESSES, 1)
    )
    policies = [
        f"{listed}group two 2 w1 w2 w3\nquorum two\n",
        f"# all\nlog {VKEY}\n{listed}group g any w1 w2\ngroup h all g w3\nquorum h\n",
        f"{listed}quorum w2\n",
        f"{listed}quorum none\n",
    ]
    receipts = [
        cosigned(),
        cosigned(1),
        cosigned(2),
        cosigned(1, 3),
        cosigned(1, 2, 3),
        cosigned(3, 3, 1),
        cosigned(1, 2, damaged=2),
        cosigned(2, 2, damaged=2),
        cosigned(1, 2).replace("w1.example", "w3.example"),
    ]
    cases = [(policy, text) for policy in policies for text in receipts]
    theirs = ask([receipt_case(text, [VKEY], policy) for policy, text in cases])
    grades = []
    for (policy, text), found in zip(cases, theirs, strict=True):
        graded = grade_note(
            parse_note(parse_proof(text).note), SIGNER.verifier, parse_policy(policy.encode())
        )
        seen_at = found["seen"]["at"]
        assert found["grade"] == graded.grade, (policy, text)
        assert (None if seen_at is None else int(seen_at)) == graded.witnessed_at
        grades.append(graded.grade)
    assert {"E1", "E2"} == set(grades)


def test_witnesses_keys_alone_are_a_policy_that_wants_each_of_them() -> None:
    keys = "\n".join(str(witness.key) for witness in WITNESSES[:2])
    both, one = ask([receipt_case(cosigned(*who), [VKEY], keys) for who in ((1, 2), (1,))])

    assert (both["grade"], one["grade"]) == ("E2", "E1")


def test_a_time_stamp_is_noticed_and_not_counted() -> None:
    stamped = GENUINE + stamp_line("tsa.example", b"a token")
    with_it, without = ask([receipt_case(text, [VKEY]) for text in (stamped, GENUINE)])

    assert (with_it["isStamped"], without["isStamped"]) == (True, False)
    assert with_it["grade"] == "E1"


@pytest.mark.parametrize(
    "policy",
    [
        "quorum w1",
        "witness w1 no+key+AAAA\nquorum w1",
        f"witness w {VKEY}\nquorum w",
        "hello world",
        f"witness w {WITNESSES[0].key}\ngroup g 2 w\nquorum g",
        f"witness w {WITNESSES[0].key}\nwitness v {WITNESSES[0].key}\nquorum w",
        f"witness w {WITNESSES[0].key}\nquorum w\nquorum w",
        f"witness w {WITNESSES[0].key}\ngroup g 1 w\ngroup h 1 w\nquorum h",
    ],
)
def test_what_is_no_policy_is_said_to_be_none(policy: str) -> None:
    assert "unreadable" in ask([receipt_case(GENUINE, [VKEY], policy)])[0]


def documents() -> Iterator[tuple[str, bytes]]:
    source = proven(lawful_draft())
    signed = render(source, Press(sign_here))
    text = signed.decode()
    yield "genuine", signed
    yield "unsigned", render_einvoice(source)
    visible, mark, evidence = text.partition("  <PlatformEvidence>")
    for found in re.finditer(r">([^<>\n]+)</", visible):
        start, end = found.span(1)
        yield f"shown {visible[start:end]}", (text[:start] + "8" + text[start:]).encode()
        yield f"gone {visible[start:end]}", (text[:start] + text[end:]).encode()
    for name in ("Draft", "Receipt", "IssuedAt", "Form"):
        (content,) = re.findall(f"<{name}>([^<]+)</{name}>", evidence)
        for at in range(0, len(content), max(1, len(content) // 25)):
            letter = "8" if content[at] != "8" else "9"
            changed = content[:at] + letter + content[at + 1 :]
            yield f"{name} {at}", (visible + mark + evidence.replace(content, changed, 1)).encode()
        yield f"no {name}", re.sub(f"<{name}>[^<]+</{name}>", "", text).encode()
        yield f"two of {name}", text.replace(f"<{name}>", f"<{name}>8</{name}><{name}>").encode()
    yield "another element", text.replace("</Header>", "<More>1</More></Header>").encode()
    yield "text before", text.replace("<Header>", "<Header>paid").encode()
    yield "loose text", text.replace("</Header>", "paid</Header>").encode()
    yield "attribute", text.replace("<Header>", '<Header paid="yes">').encode()
    yield "comment", text.replace("<Header>", "<Header><!-- nothing -->").encode()
    yield "white space", re.sub(r"\n\s*", "\n\t", text).encode()
    other = proven(lawful_draft(remark="另一张"))
    foreign = re.search("<Receipt>.*</Receipt>", render_einvoice(other).decode())
    assert foreign
    yield "other receipt", re.sub("<Receipt>.*</Receipt>", foreign[0], text).encode()
    yield (
        "no evidence",
        re.sub("  <PlatformEvidence>.*</PlatformEvidence>\n", "", text, flags=re.DOTALL).encode(),
    )


def test_both_verifiers_agree_on_every_document() -> None:
    named, cases, ours = [], [], []
    for name, xml in documents():
        try:
            root = parse_xml(xml)
        except Unreadable:
            continue
        named.append(name)
        cases.append(tree_case(root, [VKEY]))
        ours.append(judge_document(xml, VKEY, draft_bytes=None))
    assert len(named) > 150

    for name, mine, theirs in zip(named, ours, ask(cases), strict=True):
        assert mine.genuine == (not theirs["faults"]), (name, mine.why, theirs["faults"])
    assert [mine.genuine for mine in ours].count(True) == 4


fens = st.integers(-500, 500).map(lambda n: 100 * n) | st.integers(-(10**15), 10**15)
decimals = st.integers(1, 10**6).map(str) | st.integers(1, 10**9).map(lambda n: f"0.{n:013}")
prices = st.sampled_from([("net_fen",), ("gross_fen",), ("net_fen", "gross_fen")])


@st.composite
def any_line(draw: st.DrawFn) -> Line:
    """Amounts given in any way, lawful or not: the arithmetic has to be the same."""
    given_fen = {name: draw(fens) for name in draw(prices)}
    if draw(st.integers(0, 4)) == 0:
        given_fen["tax_fen"] = draw(fens)
    measured = {"quantity": draw(decimals), "unit_price": draw(decimals)}
    return make_line(
        **({"net_fen": None} | given_fen),
        **(measured if draw(st.booleans()) else {"quantity": "", "unit_price": ""}),
        rate_bp=draw(st.sampled_from([0, 50, 100, 150, 300, 500, 600, 900, 1300, 10_000])),
        treatment=draw(st.sampled_from(["taxed", "taxed", "exempt", "untaxed", "zero_rated"])),
        deduction_fen=draw(st.just(0) | fens),
    )


@st.composite
def every_draft(draw: st.DrawFn) -> Draft:
    """Every trade, red letters, margins, and every text that may be left out."""
    draft = draw(any_drafts())
    if draw(st.booleans()):
        lines = tuple(draw(st.lists(any_line(), min_size=1, max_size=6)))
        draft = msgspec.structs.replace(draft, lines=lines)
    texts = {name: draw(st.just("") | words) for name in ("payee", "reviewer")}
    contact = {name: draw(st.just("") | words) for name in ("address", "telephone", "account")}
    return msgspec.structs.replace(
        draft,
        margin=draw(st.sampled_from(["none", "full", "difference"])),
        buyer=msgspec.structs.replace(draft.buyer, **contact),
        **texts,
    )


def test_both_verifiers_agree_on_every_kind_of_invoice() -> None:
    """The page works out every amount, word and name that a genuine file shows."""
    drafts: list[Draft] = []

    @settings(max_examples=150, database=None)
    @given(every_draft())
    def collect(draft: Draft) -> None:
        drafts.append(draft)

    collect()
    roots = [parse_xml(render_einvoice(proven(draft))) for draft in drafts]
    for draft, found in zip(drafts, ask([tree_case(root, [VKEY]) for root in roots]), strict=True):
        assert found["faults"] == [], (draft, found.get("differences"))


def test_both_verifiers_agree_on_every_path_of_every_small_tree() -> None:
    """A path of any length at any place, in trees of any size up to nine."""
    trees = {size: [OPENING.leaf(), *make_leaves(size - 1)] for size in range(1, 10)}
    cases = []
    for size, leaves in trees.items():
        text = compose_checkpoint(Checkpoint(ORIGIN, size, tree_root(leaves)))
        note, right = compose_note(text, [SIGNER]), tuple(slow_path(0, leaves))
        paths = {right, *[(*right, bytes(32), bytes(32))[:length] for length in range(6)]}
        proofs = [Proof(n, path, note, PROOF.extra) for path in paths for n in range(size + 2)]
        cases += [compose_proof(proof) for proof in proofs]
    theirs = ask([receipt_case(text, [VKEY]) for text in cases])

    genuine = 0
    for text, found in zip(cases, theirs, strict=True):
        verdict = verify_receipt(text, VKEY)
        assert found["faults"] == [fault.code for fault in verdict.faults], text
        genuine += verdict.is_genuine
    assert genuine == len(trees)
