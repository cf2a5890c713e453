"""An invoice as a document, from the command line of whoever asks for it."""

import base64
import contextlib
import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from kaipiao.delivery.readers.read import read_document
from tests.journeys.cells import (
    KAIPIAO,
    Cell,
    command_line,
    environment,
    is_alive,
    kaipiao,
    running,
    wait_until,
)
from tests.strategies import SELLER, lawful_draft

DRAFT = lawful_draft()


class Issued(NamedTuple):
    cell: Cell
    number: str


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    """A running cell with one invoice just issued."""
    folder = tmp_path_factory.mktemp("cell")
    with running(folder, "--workers", "1") as cell, cell.http() as http:
        line = http.put(f"/v1/credit-lines/{SELLER.taxpayer_id}", json={"limit_fen": 10**9})
        assert line.status_code == 200
        answer = http.post(
            "/v1/invoices",
            content=msgspec.json.encode(DRAFT),
            headers={"idempotency-key": "k1", "content-type": "application/json"},
        )
        assert answer.status_code == 201, answer.text
        yield Issued(cell, answer.json()["number"])


def show(issued: Issued, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return issued.cell.run("show", issued.number, *arguments)


def test_the_xml_just_after_issuing_carries_its_receipt(issued: Issued, tmp_path: Path) -> None:
    file = tmp_path / "invoice.xml"

    said = show(issued, "--as", "xml", "-o", file)

    assert said.returncode == 0, said.stderr
    assert "no receipt" not in said.stderr
    assert read_document(file.read_bytes()).number == issued.number
    assert b"<Receipt>" in file.read_bytes()


def test_a_pdf_goes_into_a_file_with_the_xml_inside(issued: Issued, tmp_path: Path) -> None:
    file = tmp_path / "invoice.pdf"

    said = show(issued, "--as", "pdf", "-o", file)

    assert said.returncode == 0, said.stderr
    assert file.read_bytes().startswith(b"%PDF-1.7")
    assert read_document(file.read_bytes()).number == issued.number
    assert issued.cell.run("read", file).returncode == 0


def on_terminal(issued: Issued, *arguments: str, **terminal: str) -> tuple[int, bytes]:
    """The same command where standard output is a terminal: its exit code and what it drew."""
    plain = {name: value for name, value in environment().items() if name != "TMUX"}
    ours, theirs = os.openpty()
    with open(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            [KAIPIAO, "show", issued.number, *arguments],
            stdout=theirs,
            stderr=theirs,
            env={**plain, **issued.cell.environment, **terminal},
        )
        os.close(theirs)
        drawn = b""
        with contextlib.suppress(OSError):  # a terminal that is closed ends so on Linux
            while part := screen.read(65_536):
                drawn += part
    return process.wait(30), drawn


def test_a_terminal_that_can_shows_the_page(issued: Issued) -> None:
    code, drawn = on_terminal(issued, "--as", "png", TERM="xterm-kitty")

    assert code == 0
    assert drawn.startswith(b"\x1b_Ga=T,f=100,")
    chunks = re.findall(rb"\x1b_G[^;]*;([^\x1b]*)\x1b\\", drawn)
    assert base64.b64decode(b"".join(chunks)).startswith(b"\x89PNG\r\n")


def test_a_terminal_that_cannot_is_left_alone_and_told_the_way(issued: Issued) -> None:
    code, said = on_terminal(issued, "--as", "png", TERM="xterm", TMUX="x", KAIPIAO_LANG="en")

    assert code == 2
    assert b"\x1b_G" not in said
    assert b"use -o FILE" in said


def verify(issued: Issued, file: Path) -> "subprocess.CompletedProcess[str]":
    """Offline: the cell's key is in a file, and no cell is named."""
    key = file.with_name("log.vkey")
    key.write_text(issued.cell.run("log", "key").stdout)
    return kaipiao("verify", file, "--log-key", key)


def test_the_xml_is_verified_offline_and_a_changed_one_found_out(
    issued: Issued, tmp_path: Path
) -> None:
    file = tmp_path / "invoice.xml"
    show(issued, "--as", "xml", "-o", file)
    genuine = verify(issued, file)
    xml = file.read_text("utf-8")
    file.write_text(xml.replace(DRAFT.buyer.name, "别的公司"), "utf-8")
    changed = verify(issued, file)
    file.write_text(xml[: len(xml) // 2], "utf-8")
    cut = verify(issued, file)

    assert genuine.returncode == 0, genuine.stdout + genuine.stderr
    assert issued.number in genuine.stdout
    assert changed.returncode == 1
    assert "BuyerInformation/BuyerName" in changed.stdout
    assert cut.returncode == 1
    assert "document-unreadable" in cut.stdout


def test_a_pdf_is_verified_by_the_xml_inside(issued: Issued, tmp_path: Path) -> None:
    file, cut, plain = tmp_path / "invoice.pdf", tmp_path / "cut.pdf", tmp_path / "plain.pdf"
    show(issued, "--as", "pdf", "-o", file)
    cut.write_bytes(file.read_bytes()[:20_000])
    plain.write_bytes(b"%PDF-1.7\n%%EOF\n")
    genuine = verify(issued, file)

    assert genuine.returncode == 0, genuine.stdout + genuine.stderr
    assert issued.number in genuine.stdout
    assert "not compared" in genuine.stdout
    for damaged in (cut, plain):
        said = verify(issued, damaged)
        assert (said.returncode, "document-unreadable" in said.stdout) == (1, True)


def test_into_a_pipe_go_the_bytes_and_nothing_else(issued: Issued, tmp_path: Path) -> None:
    file = tmp_path / "invoice.xml"
    show(issued, "--as", "xml", "-o", file)

    assert show(issued, "--as", "xml").stdout == file.read_text("utf-8")
    assert read_document(show(issued, "--as", "xbrl").stdout.encode()).number == issued.number


def test_by_seller_and_key_too(issued: Issued) -> None:
    said = issued.cell.run("show", "--seller", SELLER.taxpayer_id, "--key", "k1", "--as", "xml")

    assert read_document(said.stdout.encode()).number == issued.number


def test_a_terminal_is_not_filled_with_binary(issued: Issued) -> None:
    ours, theirs = pty.openpty()
    try:
        said = subprocess.run(
            [KAIPIAO, "show", issued.number, "--as", "ofd"],
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env=environment(**issued.cell.environment),
            check=False,
        )
    finally:
        os.close(theirs)
        os.close(ours)

    assert said.returncode == 2
    assert "-o FILE" in said.stderr


def test_what_is_wrong_is_said(issued: Issued, tmp_path: Path) -> None:
    nothing = issued.cell.run("show", "9" * 20, "--as", "xml")
    no_kind = show(issued, "-o", tmp_path / "x")
    odd = show(issued, "--as", "docx")
    not_ours = tmp_path / "other.xml"
    not_ours.write_text("<EInvoice><Header/></EInvoice>")

    assert (nothing.returncode, no_kind.returncode, odd.returncode) == (1, 2, 2)
    assert "--as" in no_kind.stderr
    assert "evidence-missing" in verify(issued, not_ours).stdout


def started_by(parent: int) -> list[int]:
    """Its children, whichever of its threads started them."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            if f"\nPPid:\t{parent}\n" in status.read_text():
                found.append(int(status.parent.name))
    return found


def test_the_child_ends_with_its_server(issued: Issued) -> None:
    show(issued, "--as", "xml")
    (server,) = issued.cell.children("kaipiao.app.serve")
    (child,) = [pid for pid in started_by(server) if "kaipiao.app.render" in command_line(pid)]
    os.kill(server, signal.SIGKILL)

    wait_until(lambda: not is_alive(child), 5, "the workshop outlived its server")
    wait_until(lambda: show(issued, "--as", "xml").returncode == 0, 20, "nobody took its place")
