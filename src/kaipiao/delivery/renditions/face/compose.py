"""From an issued invoice to its face."""

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.measure import width_mm, wrap
from kaipiao.delivery.renditions.face.pages import room_of, split_pages
from kaipiao.delivery.renditions.face.parts import Face, PartyFace, sums
from kaipiao.delivery.renditions.face.remark import compose_remark
from kaipiao.delivery.renditions.face.tables import compose_tables, is_starred
from kaipiao.delivery.renditions.source import Imprint, Source
from kaipiao.fiscal.draft import Draft, Party
from kaipiao.fiscal.element import ProducePurchase, element_code
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.qr import compose_qr
from kaipiao.fiscal.words import write_words
from kaipiao.regimes.cn.elements import ELEMENT_NAMES
from kaipiao.regimes.cn.kinds import KIND_NAMES, QR_TYPES

NAME_PREFIX, ID_PREFIX = "名称：", "统一社会信用代码/纳税人识别号："
SEE_ABOVE = "内容较多，见上方备注表"


def compose_face(source: Source) -> Face:
    """Everything the printed pages show."""
    invoice = source.invoice
    draft, totals = invoice.draft, invoice.totals
    buyer, seller = _parties(draft)
    starred = all(is_starred(line) for line in draft.lines)
    name_lines = max(len(buyer.name), len(seller.name))
    remark, long_remark = _remark(draft, paper.REMARK_LINES[name_lines > paper.PARTY_SIZES[0][2]])
    room = room_of(paper.party_height(name_lines, buyer.pitch_mm), len(remark))
    day = beijing_day(invoice.issued_at)
    return Face(
        title=f"电子发票（{KIND_NAMES[draft.kind][0]}）",
        tags=_tags(draft),
        number=invoice.number,
        issued_on=f"{day.year}年{day.month:02}月{day.day:02}日",
        issued_at=invoice.issued_at,
        qr=compose_qr(
            qr_type=QR_TYPES[draft.kind],
            number=invoice.number,
            gross_fen=totals.gross_fen,
            day=day,
        ),
        buyer=buyer,
        seller=seller,
        pages=split_pages(compose_tables(invoice, long_remark), room, starred=starred),
        totals=sums(totals.net_fen, totals.tax_fen, starred=starred),
        gross=f"¥{format_yuan(totals.gross_fen)}",
        words=write_words(totals.gross_fen),
        remark=remark,
        issuer=draft.issuer,
        oval=_oval(source.imprint),
        notice=_notice(source.imprint),
    )


def _remark(draft: Draft, lines_max: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines for the box; or, where it is too small, a pointer and the lines for a table."""
    remark = compose_remark(draft)
    lines = wrap(remark, paper.REMARK_WIDTH, paper.REMARK_SIZE)
    if len(lines) <= lines_max:
        return lines, ()
    wide = paper.RIGHT - paper.LEFT - 2 * paper.PADDING
    return (SEE_ABOVE,), wrap(remark, wide, paper.BODY_SIZE)


def _parties(draft: Draft) -> tuple[PartyFace, PartyFace]:
    """Buyer and seller as printed: who buys produce from a farmer issues as its buyer (收购)."""
    buyer, seller = draft.buyer, draft.seller
    if isinstance(draft.element, ProducePurchase):
        buyer, seller = seller, buyer
    for size_mm, pitch_mm, lines_max in paper.PARTY_SIZES:
        faces = (
            _party("购买方信息", buyer, size_mm, pitch_mm),
            _party("销售方信息", seller, size_mm, pitch_mm),
        )
        if max(len(face.name) for face in faces) <= lines_max:
            break
    return faces


def _party(label: str, party: Party, size_mm: float, pitch_mm: float) -> PartyFace:
    person = party.natural_person and "个人" not in party.name
    name = f"{NAME_PREFIX}{party.name}{'（个人）' if person else ''}"
    return PartyFace(
        label=label,
        name=wrap(name, paper.PARTY_WIDTH, size_mm),
        taxpayer_id=f"{ID_PREFIX}{party.taxpayer_id}",
        size_mm=size_mm,
        pitch_mm=pitch_mm,
    )


def _tags(draft: Draft) -> tuple[str, ...]:
    tags = []
    if draft.element is not None:
        tags.append(ELEMENT_NAMES[element_code(draft.element)][0])
    if draft.margin != "none":
        tags.append("差额征税")
    if draft.reversal is not None:
        tags.append("红字发票")
    return tuple(tags)


def _oval(imprint: Imprint) -> tuple[str, ...]:
    """Whose document it is, in as few lines as it can be read in; and what it is."""
    for count, _, smallest in paper.OVAL_SIZES:
        name = wrap(imprint.platform, paper.OVAL_WIDTH, smallest)
        if len(name) <= count:
            break
    even = -(-width_mm(imprint.platform, smallest) // len(name)) + smallest
    return (*wrap(imprint.platform, min(even, paper.OVAL_WIDTH), smallest), "平台版式文件")


def _notice(imprint: Imprint) -> str:
    asks = f"查验：{imprint.verify_url}" if imprint.verify_url else "内容以平台存证为准"
    return f"本文件由“{imprint.platform}”制作，不是国家机关制发的文件。{asks}"
