"""An invoice as a document, from the command line of whoever asks for it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.journeys.cells import Cell, running, wait_until
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
