"""The parts that hold a document together: OFD.xml, Document.xml, resources, attachments."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.fonts import FONT_FAMILY
from kaipiao.delivery.renditions.ofd.canvas import FONT_ID
from kaipiao.delivery.renditions.ofd.markup import (
    MAKER,
    MAKER_VERSION,
    array,
    decimal,
    element,
    leaf,
    part,
)
from kaipiao.fiscal.month import BEIJING

ENTRY, ROOT = "OFD.xml", "Doc_0/Document.xml"
RESOURCES, FONT = "Doc_0/PublicRes.xml", "Doc_0/Res/font_1.ttf"
ATTACHMENTS = "Doc_0/Attachs/Attachments.xml"
KB = 1024


class Attachment(msgspec.Struct, frozen=True):
    """A file inside the document; ``name`` is its file name, ASCII."""

    name: str
    content: bytes
    format: str = "xml"


class Placed(msgspec.Struct, frozen=True):
    """A page or a template page: its id and its part, from the folder of the document on."""

    id: int
    path: str


def entry_part(*, doc_id: str, title: str, at: datetime, custom: Mapping[str, str]) -> bytes:
    """OFD.xml.  ``custom`` are the key fields by their Chinese names, as readers look for them."""
    datas = "".join(leaf("CustomData", text, Name=name) for name, text in custom.items())
    info = (
        leaf("DocID", doc_id)
        + leaf("Title", title)
        + leaf("CreationDate", f"{at.astimezone(BEIJING):%Y-%m-%d}")
        + leaf("Creator", MAKER)
        + leaf("CreatorVersion", MAKER_VERSION)
        + element("CustomDatas", datas)
    )
    body = element("DocInfo", info) + leaf("DocRoot", ROOT)
    return part("OFD", element("DocBody", body), Version="1.0", DocType="OFD")


def with_signatures(entry: bytes, listing: str) -> bytes:
    """OFD.xml of a document that has signatures, which ``listing`` lists."""
    end = b"</ofd:DocBody>"
    assert entry.count(end) == 1
    return entry.replace(end, leaf("Signatures", f"/{listing}").encode() + end)


def document_part(
    *, templates: Sequence[Placed], pages: Sequence[Placed], last_id: int, has_attachments: bool
) -> bytes:
    """Document.xml."""
    area = leaf("PhysicalBox", array(0, 0, paper.WIDTH, paper.HEIGHT))
    common = (
        leaf("MaxUnitID", str(last_id))
        + element("PageArea", area)
        + leaf("PublicRes", "PublicRes.xml")
        + "".join(
            element("TemplatePage", ID=page.id, ZOrder="Background", BaseLoc=page.path)
            for page in templates
        )
    )
    listed = "".join(element("Page", ID=page.id, BaseLoc=page.path) for page in pages)
    inside = element("CommonData", common) + element("Pages", listed)
    inside += leaf("CustomTags", "Tags/CustomTags.xml")
    inside += leaf("Attachments", "Attachs/Attachments.xml") if has_attachments else ""
    return part("Document", inside)


def resource_parts(font: bytes) -> dict[str, bytes]:
    """PublicRes.xml and the font that it names."""
    listed = element(
        "Font",
        leaf("FontFile", FONT.rpartition("/")[2]),
        ID=FONT_ID,
        FontName=FONT_FAMILY,
        FamilyName=FONT_FAMILY,
    )
    return {RESOURCES: part("Res", element("Fonts", listed), BaseLoc="Res"), FONT: font}


def attachment_parts(attachments: Sequence[Attachment], *, at: datetime) -> dict[str, bytes]:
    """Attachments.xml and the files; nothing if there are none."""
    if not attachments:
        return {}
    listed = "".join(
        element(
            "Attachment",
            leaf("FileLoc", one.name),
            ID=f"attachment-{count}",
            Name=one.name.rpartition(".")[0] or one.name,
            Format=one.format,
            CreationDate=f"{at.astimezone(BEIJING):%Y-%m-%dT%H:%M:%S}",
            Size=decimal(len(one.content) / KB),
            Visible="true",
        )
        for count, one in enumerate(attachments, 1)
    )
    files = {f"Doc_0/Attachs/{one.name}": one.content for one in attachments}
    return {ATTACHMENTS: part("Attachments", listed)} | files
