"""Documents changed in their structure, not only in their bytes, are read or refused.

Whatever the change: nothing is raised but ``Unreadable``, a report can be written down, and no
verdict is better than the truth that a slower look finds.
"""

import copy
import re
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.report import DocumentReport, Report, is_false, read_report
from kaipiao.delivery.readers.ses import read_seal
from kaipiao.fiscal.qr import crc16
from tests.made_documents import (
    CHECK_CODE,
    CODE,
    OLD_NUMBER,
    einvoice,
    ofd_parts,
    packed,
    sealed,
    vat2019,
    xbrl,
)
from tests.made_pdfs import pdf, with_attached

CORPUS = Path(__file__).parents[3] / "corpus/readers"
_COVERED = f"01,10,{CODE},{OLD_NUMBER},100.00,20261124,{CHECK_CODE},"
QR = f"{_COVERED}{crc16(_COVERED.encode()):04X}"
SEALED = sealed(ofd_parts(vat2019(QR)))
ORIGINAL = read_report(packed(SEALED))
PDF = with_attached({"invoice.xml": einvoice()}, packed=False)

TEXTS = st.sampled_from(
    ["", "0", "-0", "1", "-1", "0.005", "1e9", "９９", "113.00", "-113.00", "9" * 40, "***", "免税",
     "2026-02-30", "2026-11-24", "壹佰壹拾叁圆整", "../../x", "\ud7ff", "\u202e", "x" * 5_000]
)  # fmt: skip
slow_to_make = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def looked_at(data: bytes) -> Report | None:
    """The report, checked for what must hold of any; None if it was refused."""
    try:
        report = read_report(data)
    except Unreadable:
        return None
    assert msgspec.json.encode(report)
    assert is_false(report) is any(v.verdict == "wrong" for v in report.verdicts.values())
    for verdict in report.verdicts.values():
        assert verdict.verdict != "right" or verdict.checked
        assert any(v.severity == "error" for v in verdict.violations) is (
            verdict.verdict == "wrong"
        )
    if isinstance(report, DocumentReport):
        _no_better_than_the_truth(report)
    return report


def _no_better_than_the_truth(report: DocumentReport) -> None:
    told = report.fields
    adds_up = (
        sum(line.net_fen for line in told.lines) == told.net_fen
        and sum(line.tax_fen for line in told.lines) == told.tax_fen
        and told.net_fen + told.tax_fen == told.gross_fen
    )
    assert adds_up or report.verdicts["arithmetic"].verdict == "wrong"
    assert report.verdicts["issued"].verdict == "unknown"


def change(draw: st.DrawFn, root: Element) -> Element:
    """A copy of the tree with a few elements dropped, doubled, moved, renamed or rewritten."""
    root = copy.deepcopy(root)
    for _ in range(draw(st.integers(1, 4))):
        parents = [node for node in root.iter() if len(node)]
        if not parents:
            break
        parent = draw(st.sampled_from(parents))
        child = draw(st.sampled_from(list(parent)))
        match draw(st.sampled_from(["drop", "double", "move", "rename", "rewrite", "wrap"])):
            case "drop":
                parent.remove(child)
            case "double":
                twin = copy.deepcopy(child)
                twin.text = draw(TEXTS)
                parent.append(twin)
            case "move":
                parent.remove(child)
                root.append(child)
            case "rename":
                child.tag = draw(st.sampled_from([parent.tag, child.tag.lower(), child.tag + "s"]))
            case "rewrite":
                child.text = draw(TEXTS)
            case "wrap":
                parent.remove(child)
                ElementTree.SubElement(parent, child.tag).append(child)
    return root


@st.composite
def changed_xml(draw: st.DrawFn) -> bytes:
    whole = draw(st.sampled_from([einvoice(), vat2019(QR), xbrl()]))
    root = change(draw, ElementTree.fromstring(whole))
    return ElementTree.tostring(root, encoding="unicode").encode("utf-8", "replace")


@st.composite
def changed_package(draw: st.DrawFn) -> dict[str, bytes]:
    """A sealed OFD: parts dropped, exchanged, grown, and made to name one another."""
    parts = dict(SEALED)
    names = st.sampled_from(sorted(parts))
    for _ in range(draw(st.integers(1, 3))):
        name, other = draw(names), draw(names)
        match draw(st.sampled_from(["drop", "swap", "grow", "name", "cut", "flip"])):
            case "drop":
                parts.pop(name, None)
            case "swap":
                parts[name] = SEALED[other]
            case "grow":
                parts[draw(st.sampled_from(["Doc_0/new.xml", "new", name + "x"]))] = SEALED[other]
            case "name":  # every location in the part now leads to another part, or to itself
                place = b">/" + other.encode() + b"</"
                parts[name] = re.sub(rb">[^<>]*\.xml</", place, parts.get(name, b""))
            case "cut":
                content = parts.get(name, b"")
                parts[name] = content[: draw(st.integers(0, len(content)))]
            case "flip":
                content = bytearray(parts.get(name, b"x") or b"x")
                content[draw(st.integers(0, len(content) - 1))] ^= draw(st.integers(1, 255))
                parts[name] = bytes(content)
    return parts


@st.composite
def changed_pdf(draw: st.DrawFn) -> bytes:
    """References turned to other objects or to themselves; objects exchanged; numbers replaced."""
    objects = dict(PDF)
    numbers = st.sampled_from(sorted(objects))
    for _ in range(draw(st.integers(1, 3))):
        number, other = draw(numbers), draw(numbers)
        match draw(st.sampled_from(["turn", "swap", "drop", "grow"])):
            case "turn":
                objects[number] = re.sub(rb"\d+ 0 R", b"%d 0 R" % other, objects[number])
            case "swap":
                objects[number] = PDF[other]
            case "drop":
                objects[number] = b"null"
            case "grow":
                size = draw(st.sampled_from([-1, 0, 7, 2**31, 10**12]))
                objects[number] = re.sub(rb"/Length \d+", b"/Length %d" % size, objects[number])
    return pdf(objects)


@given(changed_xml())
def test_a_changed_invoice_is_read_or_refused(data: bytes) -> None:
    looked_at(data)


@slow_to_make
@given(changed_package())
def test_a_seal_is_never_right_over_something_else(parts: dict[str, bytes]) -> None:
    """If digests and seal are both right, then what is read is what was sealed, to the letter."""
    report = looked_at(packed(parts))

    if report is None or not isinstance(report, DocumentReport):
        return
    if report.verdicts["digests"].verdict == report.verdicts["seal"].verdict == "right":
        assert isinstance(ORIGINAL, DocumentReport)
        assert report.fields == ORIGINAL.fields


@slow_to_make
@given(changed_pdf())
def test_a_changed_pdf_is_read_or_refused(data: bytes) -> None:
    looked_at(data)


@given(st.text(alphabet="01,23789.-ABCDEFabcdef\n \u0661", max_size=90).map("01,".__add__))
def test_any_qr_text_is_read_or_refused(text: str) -> None:
    looked_at(text.encode())


tree = st.recursive(
    st.tuples(st.sampled_from([0x02, 0x03, 0x04, 0x06, 0x0C, 0x18]), st.binary(max_size=70)),
    lambda inside: st.tuples(st.sampled_from([0x30, 0x31, 0xA0]), st.lists(inside, max_size=5)),
    max_leaves=30,
)


def _der(node: tuple[int, object]) -> bytes:
    tag, inside = node
    content = inside if isinstance(inside, bytes) else b"".join(map(_der, inside))  # type: ignore[arg-type,call-overload]
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


@given(tree)
def test_any_tree_of_values_is_a_seal_or_unreadable(node: tuple[int, object]) -> None:
    with pytest.raises(Unreadable):
        read_seal(_der(node))


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_the_corpus_keeps_its_verdicts(path: Path) -> None:
    """Small files of our own making, and what once went wrong; the name begins with the outcome."""
    report = looked_at(path.read_bytes())

    outcome = "refused" if report is None else "false" if is_false(report) else "read"
    assert path.name.partition("-")[0] == outcome
