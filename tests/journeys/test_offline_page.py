"""The offline page as a person has it: saved, opened from a folder, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, sync_playwright

from kaipiao.delivery.renditions.einvoice.write import render
from kaipiao.delivery.renditions.make import Press
from kaipiao.evidence.algorithms import ML_DSA_44
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.page.compose import compose_page
from tests.journeys.cells import kaipiao, running
from tests.strangers.provision import debian_program
from tests.strategies import SELLER, lawful_draft
from tests.unit.delivery.renditions.einvoice.proven import VKEY, proven, sign_here
from tests.unit.evidence.test_page_agrees import GENUINE, OTHER, WITNESSES, cosigned

SOURCE = proven(lawful_draft())
XML = render(SOURCE, Press(sign_here))


class Reader:
    """A person with the page before them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, html: bytes, folder: Path) -> None:
        (folder / "verify.html").write_bytes(html)
        self.page.goto((folder / "verify.html").as_uri())

    def verify(self, **files: bytes) -> list[str]:
        """Choose these files (``_`` for a dot); the classes of the cards: genuine, false, open."""
        chosen = [
            {"name": name.replace("_", "."), "mimeType": "", "buffer": content}
            for name, content in files.items()
        ]
        self.page.set_input_files("#files", chosen)  # type: ignore[arg-type]
        cards = self.page.locator(".card")
        cards.nth(len(chosen) - 1).wait_for()
        return [(card.get_attribute("class") or "").split()[1] for card in cards.all()]

    def said(self) -> str:
        return str(self.page.locator("#results").inner_text())


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=debian_program("chromium", "chromium"), args=["--no-sandbox"]
        )
        yield browser.new_page(locale="en-US")
        browser.close()


@pytest.fixture
def reader(browser_page: Page, tmp_path: Path) -> Reader:
    reader = Reader(browser_page)
    reader.open(compose_page([VKEY]), tmp_path)
    return reader


def test_a_saved_page_verifies_without_asking_anyone(reader: Reader) -> None:
    press = Press(sign_here)
    cut = GENUINE[: len(GENUINE) // 2].encode()
    kinds = reader.verify(
        a_xml=XML,
        b_ofd=press.render(SOURCE, "ofd"),
        c_pdf=press.render(SOURCE, "pdf"),
        d_receipt=GENUINE.encode(),
        e_xml=XML.replace(b"100.00", b"100.01", 1),
        f_receipt=cut,
        g_txt=b"01,32,,26311000000000000001,113.00,20261124,,9A3F",
        h_xml=b"<EInvoice><Header/></EInvoice>",
        i_png=b"\x89PNG\r\n\x1a\n",
        j_xml=XML[: len(XML) // 2],
        k_ofd=b"PK\x03\x04 and no more",
    )

    assert kinds == ["genuine"] * 4 + ["false"] * 2 + ["open"] * 3 + ["false", "open"]
    assert "26311000000000000042" in reader.said()
    assert not reader.errors
    assert [url for url in reader.asked if not url.startswith(("file:", "data:"))] == []


def test_a_page_saved_after_use_still_works_and_carries_no_old_answer(
    reader: Reader, tmp_path: Path
) -> None:
    reader.verify(a_xml=XML)
    as_saved = reader.page.content().encode()
    reader.open(as_saved, tmp_path)
    shown = reader.page.locator(".card").count()

    assert b'class="card genuine"' in as_saved
    assert shown == 0
    assert reader.verify(a_xml=XML, b_receipt=b"x") == ["genuine", "false"]


def test_what_was_changed_is_named(reader: Reader) -> None:
    reader.verify(a_xml=XML.replace(b"</SellerName>", "改</SellerName>".encode(), 1))

    said = reader.said()
    assert "Not genuine" in said
    assert "seller's name" in said
    assert "recorded as " in said


def test_a_doctype_is_no_invoice(reader: Reader) -> None:
    hostile = XML.replace(b"<EInvoice>", b'<!DOCTYPE EInvoice [<!ENTITY a "b">]><EInvoice>', 1)

    assert reader.verify(a_xml=hostile) == ["false"]


def test_markup_in_a_file_stays_text(reader: Reader) -> None:
    draft = lawful_draft(remark="<img src=x onerror=alert(1)>", issuer="<b>bold</b>")
    kinds = reader.verify(a_xml=render(proven(draft), Press(sign_here)))

    assert kinds == ["genuine"]
    assert reader.page.locator("#results img, #results .verdict b").count() == 0


def test_the_key_and_the_witnesses_can_be_changed(reader: Reader) -> None:
    receipt = cosigned(1, 2).encode()
    keys = "\n".join(str(witness.key) for witness in WITNESSES[:2])
    reader.verify(a_receipt=receipt)
    alone = reader.said()
    reader.page.locator("#trust summary").click()
    reader.page.locator("#policy").fill(keys)
    reader.verify(a_receipt=receipt)
    witnessed = reader.said()
    reader.page.locator("#keys").fill(str(OTHER.verifier))
    foreign = reader.verify(a_receipt=receipt)
    reader.page.locator("#keys").fill("")

    assert "Grade of evidence: E1" in alone
    assert "Grade of evidence: E2" in witnessed
    assert "w1.example, w2.example" in witnessed
    assert foreign == ["false"]
    assert reader.verify(a_receipt=receipt) == ["open"]


def test_keys_of_other_kinds_are_passed_over_and_wrong_ones_told(reader: Reader) -> None:
    keys, receipt = reader.page.locator("#keys"), GENUINE.encode()
    reader.page.locator("#trust summary").click()
    post_quantum = str(VerifierKey("kaipiao.example/31-1", bytes(1312), ML_DSA_44))
    answers = []
    for text in (
        f"# ours\n{post_quantum}\n{VKEY}",
        post_quantum,
        f"{VKEY[:-2]}==",
        str(WITNESSES[0].key),
    ):
        keys.fill(text)
        answers += reader.verify(a_receipt=receipt)

    assert answers == ["genuine", "open", "open", "open"]


def test_a_receipt_may_be_pasted_and_the_language_changed(reader: Reader) -> None:
    page = reader.page
    page.locator("#paste summary").click()
    page.locator("#text").fill(GENUINE)
    page.locator("#judge").click()
    page.locator(".card").wait_for()
    english = reader.said()
    page.locator("#language").click()

    assert "Genuine" in english
    assert "真实" in reader.said()
    assert "Genuine" not in reader.said()


def test_a_browser_without_ed25519_is_told_so_and_given_no_answer(
    browser_page: Page, tmp_path: Path
) -> None:
    context = browser_page.context.browser
    assert context
    page = context.new_page(locale="en-US")
    page.add_init_script("crypto.subtle.importKey = () => Promise.reject(new Error('none'))")
    Reader(page).open(compose_page([VKEY]), tmp_path)
    page.locator("#banner").wait_for()

    assert "too old" in page.locator("#banner").inner_text()
    assert not page.locator("#drop").is_visible()
    page.close()


def test_a_cell_serves_the_page_with_its_own_keys_and_it_knows_its_invoices(
    browser_page: Page, tmp_path: Path
) -> None:
    with running(tmp_path / "data", "--workers", "1") as cell, cell.http() as http:
        http.put(f"/v1/credit-lines/{SELLER.taxpayer_id}", json={"limit_fen": 10**9})
        headers = {"idempotency-key": "k1", "content-type": "application/json"}
        draft = msgspec.json.encode(lawful_draft())
        number = http.post("/v1/invoices", content=draft, headers=headers).json()["number"]
        cell.run("show", number, "--as", "xml", "-o", tmp_path / "ours.xml")
        vkey = http.get("/log/log.vkey").text.strip()
        policy = http.get("/verify.html").headers["content-security-policy"]
        reader = Reader(browser_page)
        browser_page.goto(f"{cell.url}/verify.html")
    filled = browser_page.locator("#keys").input_value()
    kinds = reader.verify(ours_xml=(tmp_path / "ours.xml").read_bytes())
    own = {"KAIPIAO_DATA": str(tmp_path / "data")}
    written = kaipiao("verify", "--page", tmp_path / "mine.html", env=own)

    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert vkey in filled.splitlines()
    assert kinds == ["genuine"]
    assert number in reader.said()
    assert not reader.errors
    assert written.returncode == 0, written.stderr
    assert vkey in (tmp_path / "mine.html").read_text()
