"""Whatever a vendor does, what is kept are signatures by its pinned key, or nothing."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kaipiao.seal.check import is_mark_good, seal_key
from kaipiao.seal.counter import BEHAVIOURS
from kaipiao.seal.ed25519 import open_ed25519
from kaipiao.seal.remote import ANSWER_BYTES_MAX, RemoteVendor
from kaipiao.seal.vendor import Answer, VendorWrong, ask
from tests.seal_vendors import NOW, Elsewhere, elsewhere
from tests.unit.seal.test_statement import KNOWN

STATEMENTS = [KNOWN.encode(), KNOWN.replace("4711", "4712").encode()]


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Elsewhere]:
    with elsewhere("acme", tmp_path / "acme") as opened:
        yield opened


async def asked(remote: RemoteVendor, *, ask_id: str = "1", within_s: float = 1.0) -> Answer:
    async with remote:
        return await ask(remote, STATEMENTS, ask_id=ask_id, within_s=within_s)


async def test_an_honest_vendor_signs_each_statement(vendor: Elsewhere) -> None:
    answer = await asked(vendor.open())

    assert (answer.outcome, len(answer.signatures)) == ("sealed", 2)
    for statement, mark in zip(STATEMENTS, answer.signatures, strict=True):
        assert is_mark_good(statement, mark, vendor.key.certificate)


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [("failing", "failed"), ("wrong", "failed"), ("lying", "lied"), ("dead", "silent")],
)
async def test_of_any_other_nothing_is_kept(
    vendor: Elsewhere, behaviour: str, outcome: str
) -> None:
    assert behaviour in BEHAVIOURS
    vendor.behave(behaviour)

    answer = await asked(vendor.open())

    assert (answer.outcome, answer.signatures) == (outcome, [])
    assert answer.said


async def test_a_slow_one_is_not_waited_for(vendor: Elsewhere) -> None:
    vendor.behave("slow")

    answer = await asked(vendor.open(), within_s=0.1)

    assert (answer.outcome, answer.signatures) == ("silent", [])
    assert answer.took_ms < 1_000


async def test_nobody_listens(vendor: Elsewhere) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    remote = RemoteVendor(
        f"http://127.0.0.1:{port}", vendor.key, secret="s", at_once=1, timeout_s=1
    )

    assert (await asked(remote)).outcome == "silent"


async def test_a_vendor_with_another_key_than_the_pinned_is_not_believed(
    vendor: Elsewhere, tmp_path: Path
) -> None:
    vendor.key = seal_key("acme", open_ed25519(tmp_path, "other", now=NOW).certificate)

    answer = await asked(vendor.open())

    assert (answer.outcome, answer.signatures) == ("failed", [])
    assert "pinned" in answer.said


async def test_a_pinned_certificate_with_a_signature_by_another_key_is_a_lie(
    vendor: Elsewhere, tmp_path: Path
) -> None:
    other = open_ed25519(tmp_path, "other", now=NOW)
    vendor.counter._sign = other.sign  # the server's key is stolen, or it never had it

    assert (await asked(vendor.open())).outcome == "lied"


async def test_a_wrong_secret_is_told(vendor: Elsewhere) -> None:
    answer = await asked(vendor.open(secret="wrong"))

    assert answer.outcome == "failed"
    assert "HTTP 401" in answer.said


async def test_what_is_asked_again_is_signed_once(vendor: Elsewhere) -> None:
    first, again = await asked(vendor.open(), ask_id="7"), await asked(vendor.open(), ask_id="7")

    assert first.signatures == again.signatures
    assert vendor.counter.counts.signed == len(STATEMENTS)


async def test_a_vendor_signs_nothing_but_statements(vendor: Elsewhere) -> None:
    async with vendor.open() as remote:
        answer = await ask(remote, [b"pay me"], ask_id="1", within_s=1)

    assert answer.outcome == "failed"
    assert "HTTP 400" in answer.said
    assert vendor.counter.counts.signed == 0


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b" " * (ANSWER_BYTES_MAX + 1),
        b"\xff\x00nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{",
    ],
)
async def test_an_answer_that_is_none_is_a_failure_and_no_defect(
    vendor: Elsewhere, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        found = await asked(RemoteVendor(url, vendor.key, secret="s", at_once=1, timeout_s=1))

    assert found.outcome in ("failed", "silent")
    assert "foresaw" not in caplog.text


async def test_what_a_vendor_says_cannot_harm_whoever_reads_it(vendor: Elsewhere) -> None:
    class Rude:
        key = vendor.key

        async def sign(self, statements: list[bytes], *, ask_id: str) -> list[bytes]:
            raise VendorWrong("no\x00\x1b[2J\ud800" + "x" * 10_000)

    answer = await ask(Rude(), STATEMENTS, ask_id="1", within_s=1)  # type: ignore[arg-type]

    assert answer.said.startswith("no\ufffd\ufffd[2J\ufffdx")
    assert len(answer.said) == 200


async def test_fewer_signatures_than_statements_are_none(vendor: Elsewhere) -> None:
    class Short:
        key = vendor.key

        async def sign(self, statements: list[bytes], *, ask_id: str) -> list[bytes]:
            return [b"x"]

    answer = await ask(Short(), STATEMENTS, ask_id="1", within_s=1)  # type: ignore[arg-type]

    assert (answer.outcome, answer.signatures) == ("failed", [])


def test_an_answer_is_what_the_protocol_says(vendor: Elsewhere) -> None:
    """Another's client, written from the documentation: nothing of ours but the socket."""
    import json
    import urllib.request

    secret = (vendor.folder / "vendor.secret").read_text().strip()
    request = urllib.request.Request(
        f"{vendor.url}/v1/seals",
        data=json.dumps({"statements": [KNOWN]}).encode(),
        headers={"authorization": f"Bearer {secret}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        told = msgspec.json.decode(response.read(), type=dict[str, object])

    assert set(told) == {"certificate", "signatures"}
