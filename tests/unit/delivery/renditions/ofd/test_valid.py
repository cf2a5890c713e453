"""Every part is valid by a schema stricter than the standard's, and the parts fit together."""

import posixpath
from pathlib import Path

import pytest
from lxml import etree

from kaipiao.fiscal.draft import Draft
from tests.made_documents import unpacked
from tests.strategies import lawful_draft, make_line
from tests.unit.delivery.renditions.ofd.forms import FORMS
from tests.unit.delivery.renditions.ofd.made import parts_of, unsigned_ofd

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("ofd.xsd")))
OFD = "{http://www.ofdspec.org/2016}"
forms = pytest.mark.parametrize("draft", FORMS.values(), ids=FORMS)


def trees_of(parts: dict[str, bytes]) -> dict[str, etree._Element]:
    return {name: etree.fromstring(data) for name, data in parts.items() if name.endswith(".xml")}


@forms
def test_every_part_is_valid(draft: Draft) -> None:
    trees = trees_of(parts_of(draft))

    wrong = {
        name: str(SCHEMA.error_log)
        for name, tree in trees.items()
        if tree.tag.startswith(OFD) and not SCHEMA.validate(tree)
    }

    assert wrong == {}
    assert len(trees) >= 10


def test_the_schema_refuses_what_it_should() -> None:
    page = parts_of(lawful_draft())["Doc_0/Pages/Page_0/Content.xml"]
    for good, bad in (
        (b' Size="', b' Height="'),
        (b"</ofd:Content>", b"</ofd:Content><ofd:Area/>"),
        (b"<ofd:TextCode", b"<ofd:Sound/><ofd:TextCode"),
    ):
        assert good in page
        assert not SCHEMA.validate(etree.fromstring(page.replace(good, bad, 1)))


@forms
def test_ids_are_unique_and_the_largest_is_told(draft: Draft) -> None:
    trees = trees_of(parts_of(draft))
    document = trees["Doc_0/Document.xml"]
    ids = [
        int(thing.get("ID"))
        for name, tree in trees.items()
        for thing in tree.iter()
        if thing.get("ID", "").isdigit()
    ]

    assert len(ids) == len(set(ids))
    assert max(ids) == int(document.findtext(f".//{OFD}MaxUnitID") or "")


@forms
def test_every_tag_points_at_a_text_of_the_page_it_names(draft: Draft) -> None:
    trees = trees_of(parts_of(draft))
    pages = {
        page.get("ID"): trees[posixpath.join("Doc_0", page.get("BaseLoc"))]
        for page in trees["Doc_0/Document.xml"].iter(f"{OFD}Page")
    }
    references = list(trees["Doc_0/Tags/CustomTag.xml"].iter(f"{OFD}ObjectRef"))

    for reference in references:
        page = pages[reference.get("PageRef")]
        texts = page.xpath(f"//*[local-name()='TextObject'][@ID='{reference.text}']")
        assert len(texts) == 1, reference.text
    assert len({reference.text for reference in references}) == len(references)


def test_what_all_pages_have_is_drawn_once() -> None:
    draft = lawful_draft(lines=(make_line(),) * 100)
    trees = trees_of(unpacked(unsigned_ofd(draft)))

    template = trees["Doc_0/Tpls/Tpl_0/Content.xml"]
    pages = [tree for name, tree in trees.items() if name.startswith("Doc_0/Pages/")]

    assert len(pages) > 3
    assert "发票号码：" in "".join(template.itertext())
    for page in pages:
        texts = ["".join(code.itertext()) for code in page.iter(f"{OFD}TextCode")]
        assert "发票号码：" not in texts
        assert "26311000000000000042" in texts
        assert "小  计" in texts


def test_the_attachment_is_described() -> None:
    listed = trees_of(parts_of(lawful_draft()))["Doc_0/Attachs/Attachments.xml"][0]

    assert listed.get("ID") == "attachment-1"
    assert listed.get("CreationDate") == "2026-11-25T10:03:04"
    assert (listed.get("Name"), listed.get("Format")) == ("notes", "xml")
