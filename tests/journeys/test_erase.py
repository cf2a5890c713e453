"""An invoice's content is erased, by HTTP and by the operator's command, in a running cell."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from kaipiao.delivery.readers.pdf_signature import signatures_of
from tests.journeys.cells import Cell, kaipiao, running, wait_until
from tests.strangers.provision import debian_program
from tests.strategies import BUYER, SELLER, lawful_draft

WHY = "order 1/2026"
DRAFT = msgspec.json.encode(lawful_draft())


class Shop(NamedTuple):
    cell: Cell
    http: httpx.Client

    def issue(self, key: str) -> httpx.Response:
        headers = {"idempotency-key": key, "content-type": "application/json"}
        return self.http.post("/v1/invoices", content=DRAFT, headers=headers)

    def erase(self, number: str, **changes: Any) -> httpx.Response:
        ask = {"why": WHY, "ground": "order", "confirm": number} | changes
        return self.http.post(f"/v1/invoices/{number}/erasure", json=ask)

    def pdf(self, number: str) -> httpx.Response:
        path = f"/v1/invoices/{number}/renditions/pdf"
        wait_until(lambda: self.http.get(path).status_code != 409, 10, "no receipt came")
        return self.http.get(path)

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return kaipiao("erase", *arguments, "--data", self.cell.folder)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running(tmp_path_factory.mktemp("cell"), "--workers", "1") as cell, cell.http() as http:
        http.put(f"/v1/credit-lines/{SELLER.taxpayer_id}", json={"limit_fen": 10**9})
        yield Shop(cell, http)


def kept_documents(cell: Cell, number: str) -> list[Path]:
    return list((cell.folder / "renditions").rglob(f"{number}.*"))


def test_the_pdf_of_a_cell_is_signed_by_its_key(shop: Shop, tmp_path: Path) -> None:
    number = shop.issue("signed").json()["number"]
    (tmp_path / "it.pdf").write_bytes(shop.pdf(number).content)
    read = shop.cell.run("read", tmp_path / "it.pdf")

    assert [one.state for one in signatures_of((tmp_path / "it.pdf").read_bytes())] == ["right"]
    assert "the certificate is the platform's own making" in read.stdout.replace("\n", " ")
    assert (shop.cell.folder / "secrets/documents.pem").stat().st_mode & 0o077 == 0
    program = debian_program("pdfsig", "poppler-utils")
    said = subprocess.run([program, "it.pdf"], cwd=tmp_path, capture_output=True, text=True)
    assert "Signature is Valid" in said.stdout


def test_by_http_it_is_gone_for_everyone_and_its_key_names_nothing_else(shop: Shop) -> None:
    number, other = (shop.issue(key).json()["number"] for key in ("secret", "other"))
    assert shop.pdf(number).status_code == 200
    assert kept_documents(shop.cell, number)

    done = shop.erase(number)

    assert done.status_code == 200, done.text
    assert done.json()["why"] == WHY
    assert kept_documents(shop.cell, number) == []
    for path in ("", "/receipt", "/renditions/pdf", "/red-letters", "/uses"):
        gone = shop.http.get(f"/v1/invoices/{number}{path}")
        assert (gone.status_code, gone.json()["code"]) == (410, "erased"), path
        assert WHY in gone.json()["detail"]
        assert SELLER.name not in gone.text
    wait_until(lambda: shop.issue("secret").status_code == 410, 10, "the receipt is remembered")
    reversal = shop.http.post(
        f"/v1/invoices/{number}/red-letters",
        json={"reason": "01"},
        headers={"idempotency-key": "red"},
    )
    assert reversal.status_code == 410
    assert shop.erase(number).status_code == 410
    assert shop.http.get(f"/v1/invoices/{other}").status_code == 200
    listed = shop.http.get("/v1/invoices", params={"seller": SELLER.taxpayer_id}).json()
    assert number not in str(listed)


def test_it_needs_a_right_of_its_own_the_number_again_and_a_ground(shop: Shop) -> None:
    number = shop.issue("kept").json()["number"]
    rights = ["issue", "read", "confirm", "grant", "deliver", "admin", "audit"]
    made = shop.http.post(
        "/v1/keys", json={"tenant": "t", "name": "n", "may": rights, "taxpayers": ["*"]}
    ).json()
    without = {"authorization": f"Bearer {made['secret']}"}
    ask = {"why": WHY, "ground": "order", "confirm": number}
    refused = shop.http.post(f"/v1/invoices/{number}/erasure", json=ask, headers=without)

    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    for changes in ({"confirm": "9" * 20}, {"ground": "retention-over"}):
        no = shop.erase(number, **changes)
        assert (no.status_code, no.json()["code"]) == (409, "erasure-refused")
    assert "-12-31" in shop.erase(number, ground="retention-over").text
    assert shop.erase(number, why="").status_code == 400
    assert shop.http.get(f"/v1/invoices/{number}").status_code == 200


def test_by_command_in_two_steps_and_it_is_written_down(shop: Shop) -> None:
    number = shop.issue("by-command").json()["number"]
    first = shop.command(number, "--why", WHY, "--ground", "order")
    second = shop.command(number, "--why", WHY, "--ground", "order", "--confirm", number)
    third = shop.command(number, "--why", WHY, "--ground", "order", "--confirm", number)

    assert (first.returncode, second.returncode, third.returncode) == (1, 0, 1), second.stderr
    assert "give the number again" in first.stderr
    assert "is erased" in second.stdout
    assert WHY in third.stderr
    told = shop.cell.run("audit", "list", "--action", "invoice.erase")
    assert number in told.stdout
    verified = shop.http.post(
        "/v1/verify",
        json={"number": number, "issued_on": "2026-01-01", "gross_fen": 1, "kind": "ordinary"},
    )
    assert verified.status_code == 410
    assert BUYER.name not in verified.text
