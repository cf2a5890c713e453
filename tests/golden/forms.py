"""The invoices whose pages are kept as pictures: one for each form that looks different."""

from datetime import date

import msgspec

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.element import Construction, Freight, Passenger, PropertyLease, Traveller, Trip
from kaipiao.fiscal.red_letter import LineTaken
from kaipiao.fiscal.settle import settle
from kaipiao.issuing.reverse import ReversalAsk, compose_red_draft
from tests.strategies import BUYER, PERSON, lawful_draft, make_discount, make_line
from tests.unit.delivery.renditions.invoices import issued

BARE = make_line(spec="", unit="", quantity="", unit_price="", rate_bp=900)
BARE_BUYER = msgspec.structs.replace(BUYER, address="", telephone="", bank="", account="")


def one_line() -> Draft:
    return lawful_draft(kind="special", lines=(make_line(),))


def hundred_lines() -> Draft:
    """Seven pages with subtotals; some names take two lines, some lines have a discount."""
    lines = []
    for at in range(80):
        line = make_line(
            name=f"*文具*第{at + 1}款文件盒" + "，加厚，附标签与隔页" * (at % 7 == 3),
            net_fen=10_000 + 137 * at,
            quantity="",
            unit_price="",
        )
        lines += make_discount(line, 500 + at) if at % 4 == 1 else (line,)
    return lawful_draft(lines=tuple(lines))


def red_letter() -> Draft:
    draft = lawful_draft(lines=(*make_discount(make_line(), 1_500), *lawful_draft().lines[1:]))
    taken = tuple(
        LineTaken(at, own.net_fen, own.tax_fen, own.net_fen, own.tax_fen)
        for at, own in enumerate(settle(draft))
        if draft.lines[at].nature == "normal"
    )
    return compose_red_draft(
        issued(draft, "26311000000000000017"),
        ReversalAsk(reason="02"),
        taken,
        "26311126001000000001",
    )


def natural_person() -> Draft:
    """Exempt goods to a person, and the seller's people in the remark."""
    line = make_line(name="*蔬菜*鲜菜", rate_bp=0, treatment="exempt", spec="", unit="斤")
    return lawful_draft(buyer=PERSON, lines=(line,), payee="钱示例", reviewer="孙示例", remark="")


def construction() -> Draft:
    line = msgspec.structs.replace(BARE, name="*建筑服务*厂房工程款", net_fen=50_678_096)
    element = Construction(
        place="江苏省苏州市",
        address="虚构大道433号",
        project="虚构产业园四期厂房",
        cross_city=True,
        land_tax_no="T20260001",
    )
    return lawful_draft(kind="special", lines=(line,), element=element, remark="")


def freight() -> Draft:
    line = make_line(
        name="*运输服务*国内道路货物运输", spec="", unit="趟", rate_bp=900, net_fen=4_502_682,
        quantity="18", unit_price="2501.49",
    )  # fmt: skip
    trips = [
        Trip(
            origin="江苏省南京市", destination=to, vehicle="公路运输", plate="苏A·52015", goods=what
        )
        for to, what in (("安徽省合肥市", "电子元件"), ("浙江省杭州市", "瓷砖"), ("上海市", "纸箱"))
    ]
    return lawful_draft(lines=(line,), element=Freight(trips=tuple(trips)), buyer=BARE_BUYER)


def passenger() -> Draft:
    line = make_line(name="*运输服务*铁路旅客运输", spec="", unit="人次", rate_bp=900)
    travellers = [
        Traveller(
            name=name, id_kind="居民身份证", id_number="110101199001010000",
            travelled_on=date(2026, 11, day), origin="北京市", destination="上海市",
            vehicle="火车", seat_class="二等座",
        )
        for name, day in (("周示例", 3), ("吴示例", 7))
    ]  # fmt: skip
    return lawful_draft(lines=(line,), element=Passenger(travellers=tuple(travellers)))


def lease() -> Draft:
    """A price with tax, printed without."""
    line = make_line(
        name="*经营租赁*办公用房租金", spec="", unit="平方米", rate_bp=900,
        net_fen=None, gross_fen=59_118, quantity="6.5", unit_price="90.95",
    )  # fmt: skip
    element = PropertyLease(
        place="广东省广州市",
        address="虚构街246号",
        area_unit="平方米",
        lease_from=date(2026, 5, 1),
        lease_to=date(2027, 12, 31),
        cross_city=False,
        certificate_no="无",
    )
    return lawful_draft(lines=(line,), element=element)


FORMS = {
    make.__name__.replace("_", "-"): make
    for make in (
        one_line, hundred_lines, red_letter, natural_person,
        construction, freight, passenger, lease,
    )
}  # fmt: skip
