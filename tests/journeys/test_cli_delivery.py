"""A seller has invoices sent, by command line, from a cell that was started by one command."""

import asyncio
import json
import stat
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from kaipiao.ledger.embedded.remove import remove_database
from tests.journeys.cells import Cell
from tests.receivers import Endpoint, Mailbox, open_endpoint, open_mail_server, until
from tests.strategies import SELLER, lawful_draft


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as opened:
        yield opened


@pytest_asyncio.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[tuple[Mailbox, int]]:
    async with open_mail_server(tmp_path, secure=False) as server:
        yield server.box, server.port


@pytest.fixture
def cell(scratch: Path, mailbox: tuple[Mailbox, int]) -> Iterator[Cell]:
    running = Cell(
        scratch,
        *("--workers", "1", "--webhook-networks", "127.0.0.1", "--mail-host", "127.0.0.1"),
        *("--mail-port", str(mailbox[1]), "--mail-security", "none"),
        *("--mail-from", "Invoices <fapiao@cell.example>"),
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()
        remove_database(scratch)


async def run(cell: Cell, *arguments: object) -> str:
    done = await asyncio.to_thread(cell.run, *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return str(done.stdout)


async def rows(cell: Cell, *arguments: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await run(cell, *arguments, "--json")).splitlines()]


async def test_from_a_new_cell_to_a_mail_a_webhook_a_link_and_a_month(
    cell: Cell, endpoint: Endpoint, mailbox: tuple[Mailbox, int], tmp_path: Path
) -> None:
    box, seller = mailbox[0], SELLER.taxpayer_id
    await run(cell, "credit", "grant", seller, "1000000")
    secret_file = tmp_path / "erp.secret"
    await run(
        cell, "webhook", "create", "--name", "erp", "--url", f"{endpoint.url}/ok",
        "--seller", seller, "-o", secret_file,
        "--cell", cell.url,
    )  # fmt: skip
    await run(
        cell, "mail", "rule", "--name", "books", "--seller", seller, "--to", "b@example.com",
        "--as", "xml", "--text", "en",
    )  # fmt: skip
    draft = tmp_path / "draft.json"
    draft.write_bytes(msgspec.json.encode(lawful_draft()))
    await run(cell, "issue", draft)

    await until(lambda: len(endpoint.calls) == 1 and len(box.mails) == 1, 20, "nothing came")
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    news = endpoint.calls[0].verify(secret_file.read_text().strip())
    number = news["data"]["number"]
    [mail] = box.mails
    [enclosed] = mail.iter_attachments()
    assert enclosed.get_filename() == f"{number}.xml"
    assert number.encode() in enclosed.get_content()

    await run(cell, "mail", "send", number, "--to", "550@example.com", "--as", "xml", "--key", "k")
    await until(lambda: "550@example.com" in box.tries, 10, "the mail was not tried")
    dead: list[dict[str, Any]] = []
    while not dead:
        dead = await rows(cell, "deliver", "list", "--state", "dead")
    shown = await run(cell, "deliver", "show", dead[0]["delivery_id"])
    assert "550 told by the reader's name" in shown
    assert "dead" in await run(cell, "deliver", "list", "--number", number)
    told = await run(cell, "doctor", "--data", cell.folder, "--json")
    findings = {one["what"]: one for one in map(json.loads, told.splitlines())}
    assert findings["deliveries"]["advice_en"] == "To see them: kaipiao deliver list --state dead"
    assert findings["mail"]["level"] == "ok"
    assert "waiting" in await run(cell, "deliver", "replay", dead[0]["delivery_id"])

    url = (await run(cell, "link", "create", number, "--as", "xml", "--uses", "1")).strip()
    async with httpx.AsyncClient() as anyone:
        assert number in (await anyone.get(url)).text
        assert (await anyone.get(url)).status_code == 404
    assert [one["uses"] for one in await rows(cell, "link", "list", number)] == [1]

    month = news["data"]["issued_at"][:7]
    await run(cell, "deliver", "month", seller, month, "--as", "xml", "-o", tmp_path / "m.zip")
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        assert set(archive.namelist()) == {f"{number}.xml", "index.csv"}

    [hook] = await rows(cell, "webhook", "list")
    await run(cell, "webhook", "test", hook["webhook_id"])
    await until(lambda: len(endpoint.calls) == 2, 5, "the test did not come")
    again = await run(
        cell, "webhook", "replay", hook["webhook_id"], "--since", "2026-01-01", "--until",
        "2099-01-01", "--all",
    )  # fmt: skip
    assert again.startswith("2 ")
    await until(lambda: len(endpoint.calls) == 4, 5, "the replay did not come")
    assert_no_secret_was_told(cell, url, secret_file)


def assert_no_secret_was_told(cell: Cell, url: str, secret_file: Path) -> None:
    token, secret = url.rpartition("/")[2], secret_file.read_text().strip()
    for log in cell.folder.joinpath("logs").iterdir():
        text = log.read_text()
        assert token not in text, log
        assert secret not in text, log
    key = cell.folder / "secrets/delivery.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_settings_that_cannot_be_are_told_before_anything_starts(scratch: Path) -> None:
    from tests.journeys.cells import kaipiao

    for flags, said in (
        (("--mail-host", "mail.example"), "mail_from"),
        (("--webhook-networks", "10.0.0.0/99"), "webhook_networks"),
        (
            ("--mail-host", "m.example", "--mail-from", "a@b.example", "--mail-user", "u"),
            "mail-password",
        ),
    ):
        done = kaipiao("up", "--data", scratch, "--port", "0", *flags)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr


def test_a_sending_process_elsewhere_says_what_it_misses(scratch: Path) -> None:
    from tests.journeys.cells import kaipiao

    without = kaipiao("deliver", "run", env={"KAIPIAO_DATA": str(scratch)})
    keyless = kaipiao(
        "deliver", "run", env={"KAIPIAO_DATA": str(scratch), "KAIPIAO_DSN": "postgresql://x/y"}
    )
    assert (without.returncode, keyless.returncode) == (2, 2)
    assert "KAIPIAO_DSN" in without.stderr
    assert "delivery.key" in keyless.stderr
