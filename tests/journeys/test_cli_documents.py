"""An invoice as a document, from the command line of whoever asks for it."""

import base64
import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.journeys.cells import KAIPIAO, Cell, environment, running
from tests.strategies import SELLER, lawful_draft

from kaipiao.delivery.readers.read import read_document

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
