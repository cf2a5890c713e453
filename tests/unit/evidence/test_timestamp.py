"""Time stamps: what is stamped is every byte of the note before the token, and nobody else's word
counts than that of an authority one has chosen."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from rfc3161_client import TimestampRequestBuilder

from kaipiao.evidence.grade import Grade, grade_note
from kaipiao.evidence.note import Note, parse_note
from kaipiao.evidence.policy import parse_policy
from kaipiao.evidence.timestamp import Authority, is_stamp, parse_authority, stamp_line
from tests.authority import LocalAuthority, authority_up
from tests.unit.evidence.witnessed import SIGNER, cosigned, make_note, policy_text

POLICY = parse_policy(policy_text("all", ["bureau", "auditor"]))


def text_of(note: Note) -> str:
    from kaipiao.evidence.timestamp import stamped_bytes

    return stamped_bytes(note.text, note.signatures).decode()


WITNESSED = text_of(cosigned(make_note(), {"bureau": 5, "auditor": 6}))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAuthority]:
    with authority_up(tmp_path_factory.mktemp("authority")) as made:
        yield made


@pytest.fixture(scope="module")
def stamped(authority: LocalAuthority) -> str:
    return WITNESSED + stamp_line("tsa.example", token_over(authority, WITNESSED))


@pytest.fixture(scope="module")
def trusted(authority: LocalAuthority) -> Authority:
    return parse_authority(authority.root.read_bytes())


def token_over(authority: LocalAuthority, text: str) -> bytes:
    query = TimestampRequestBuilder().data(text.encode()).build()
    return authority.stamp(query.as_bytes())


def test_a_stamped_note_is_graded_e3_by_whoever_trusts_all_three(
    stamped: str, trusted: Authority
) -> None:
    graded = grade_note(parse_note(stamped), SIGNER.verifier, POLICY, trusted)

    assert graded.grade is Grade.E3
    assert graded.stamped_at is not None
    assert graded.stamped_at > 1_700_000_000


def test_openssl_itself_agrees_that_the_token_is_over_these_bytes(
    stamped: str, authority: LocalAuthority, tmp_path: Path
) -> None:
    token = next(s.signature for s in parse_note(stamped).signatures if is_stamp(s))
    (tmp_path / "token").write_bytes(token)
    (tmp_path / "note").write_text(WITNESSED, encoding="utf-8")
    command = ["openssl", "ts", "-verify", "-data", "note", "-in", "token", "-CAfile"]
    done = subprocess.run([*command, str(authority.root)], cwd=tmp_path, capture_output=True)

    assert done.returncode == 0, done.stderr


def test_a_byte_changed_anywhere_before_the_token_takes_the_stamp_away(
    stamped: str, trusted: Authority
) -> None:
    note = parse_note(stamped)
    other_text = note._replace(text=note.text.replace("\n7\n", "\n8\n"))
    fewer = note._replace(signatures=(note.signatures[0], *note.signatures[2:]))
    swapped = note._replace(
        signatures=(note.signatures[0], *note.signatures[2:0:-1], note.signatures[3])
    )

    assert trusted.stamped_at(note) is not None
    assert [trusted.stamped_at(n) for n in (other_text, fewer, swapped)] == [None] * 3


def test_signatures_added_after_the_token_do_not_disturb_it(
    stamped: str, trusted: Authority
) -> None:
    late = cosigned(make_note(), {"archive": 9}).signatures[-1]
    note = parse_note(stamped)

    assert trusted.stamped_at(note._replace(signatures=(*note.signatures, late))) is not None


def test_another_authority_than_the_trusted_one_says_nothing(
    stamped: str, tmp_path: Path, trusted: Authority
) -> None:
    stranger = LocalAuthority(tmp_path, "stranger")
    foreign = WITNESSED + stamp_line("tsa.example", token_over(stranger, WITNESSED))

    assert trusted.stamped_at(parse_note(foreign)) is None
    assert parse_authority(stranger.root.read_bytes()).stamped_at(parse_note(foreign)) is not None
    assert parse_authority(stranger.root.read_bytes()).stamped_at(parse_note(stamped)) is None


def test_of_two_tokens_the_good_one_counts(stamped: str, trusted: Authority) -> None:
    rubbish = WITNESSED + stamp_line("tsa.example", b"rubbish")
    both = parse_note(rubbish)
    good = parse_note(stamped).signatures[-1]

    assert trusted.stamped_at(both) is None
    first = both._replace(signatures=(*both.signatures[:-1], good, both.signatures[-1]))
    assert trusted.stamped_at(first) is not None


def test_a_damaged_token_is_refused_quietly_whatever_the_damage(
    authority: LocalAuthority, trusted: Authority
) -> None:
    token, rng = token_over(authority, WITNESSED), Random(11)
    message = WITNESSED.encode()
    for _ in range(150):
        at = rng.randrange(len(token))
        damaged = bytearray(token)
        damaged[at] ^= 1 << rng.randrange(8)
        cut = token[: rng.randrange(len(token))]
        for bad in (bytes(damaged), cut):
            try:
                trusted.time_of(bad, message)
            except ValueError:
                continue
            assert bad != cut


def test_a_token_answers_the_very_question_that_was_asked(
    authority: LocalAuthority, trusted: Authority
) -> None:
    query = TimestampRequestBuilder().data(WITNESSED.encode()).build()
    token = authority.stamp(query.as_bytes())

    trusted.time_of(token, WITNESSED.encode(), nonce=query.nonce)
    with pytest.raises(ValueError, match="Nonce"):
        trusted.time_of(token, WITNESSED.encode(), nonce=query.nonce + 1)


def test_certificates_without_a_root_are_refused(authority: LocalAuthority) -> None:
    with pytest.raises(ValueError, match="root"):
        parse_authority((authority.folder / "tsa.pem").read_bytes())
    with pytest.raises(ValueError):
        parse_authority(b"no certificate")
