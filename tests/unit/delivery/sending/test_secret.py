"""One key signs everything, is in nobody's database, and nothing else passes for it."""

import base64
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.sending.secret import (
    compose_link_id,
    link_id_of,
    link_token,
    open_delivery_key,
    sign_webhook,
    webhook_secret,
)
from kaipiao.fiscal.delivery import DownloadLink
from tests.clocks import NOON
from tests.contract.test_deliveries import order

KEY = b"k" * 32
LINK = DownloadLink(
    link_id=compose_link_id(),
    number="1" * 20,
    kind="pdf",
    tenant="t",
    seller="s",
    created_at=NOON,
    expires_at=NOON,
)


def headers(signature: str, at: int) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signature,
    }


@given(st.binary(max_size=300).map(lambda raw: b'{"a":"' + raw.hex().encode() + b'"}'))
def test_the_reference_receiver_accepts_what_we_sign_and_nothing_altered(body: bytes) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)  # the receiver looks at the real clock
    signature = sign_webhook(KEY, order(), webhook_id="msg_1", at=now, body=body)
    receiver = standardwebhooks.Webhook(webhook_secret(KEY, "wh_1", 1))

    receiver.verify(body.decode(), headers(signature, int(now.timestamp())))
    for altered in (body + b" ", b"[]"):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            receiver.verify(altered.decode(), headers(signature, int(now.timestamp())))
    other = standardwebhooks.Webhook(webhook_secret(KEY, "wh_2", 1))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        other.verify(body.decode(), headers(signature, int(now.timestamp())))


def test_for_a_day_after_a_rotation_both_secrets_sign() -> None:
    rotated = order(generation=2, rotated_at=NOON)
    soon = sign_webhook(KEY, rotated, webhook_id="m", at=NOON + timedelta(hours=23), body=b"")
    late = sign_webhook(KEY, rotated, webhook_id="m", at=NOON + timedelta(hours=25), body=b"")

    assert (len(soon.split(" ")), len(late.split(" "))) == (2, 1)
    assert webhook_secret(KEY, "wh_1", 1) != webhook_secret(KEY, "wh_1", 2)


def test_a_link_is_known_by_its_token_alone() -> None:
    assert link_id_of(KEY, link_token(KEY, LINK)) == LINK.link_id


@given(st.text(max_size=60), st.integers(0, 39), st.characters(max_codepoint=127))
def test_a_made_up_or_altered_token_is_nobodys(text: str, place: int, char: str) -> None:
    token = link_token(KEY, LINK)
    altered = token[:place] + char + token[place + 1 :]

    assert link_id_of(KEY, text) is None
    assert altered == token or link_id_of(KEY, altered) is None
    assert link_id_of(b"other" * 8, token) is None
    moved = msgspec.structs.replace(LINK, link_id=compose_link_id())
    assert link_id_of(KEY, moved.link_id + token[16:]) is None


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = open_delivery_key(tmp_path)

    assert open_delivery_key(tmp_path) == key
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert base64.b64decode(path.read_bytes()) == key
    path.chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        open_delivery_key(tmp_path)
    path.chmod(0o600)
    path.write_text("short\n")
    with pytest.raises(ValueError, match="backup"):
        open_delivery_key(tmp_path)
