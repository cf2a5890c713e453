"""Sample drafts: what a demonstration issues and a benchmark sends.

Every company is invented: its name says 虚构 and its id names a county that does not exist
(…9900), with a right check character.  The same seed makes the same drafts on every machine
and in every version of Python, and all of them are lawful.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from kaipiao.fiscal.decimals import FEN_PRODUCT, read_decimal
from kaipiao.fiscal.draft import Draft, Kind, Line, Party, Scheme
from kaipiao.fiscal.element import (
    Construction,
    Element,
    Freight,
    Passenger,
    PropertyLease,
    RefinedOil,
    Traveller,
    Trip,
)
from kaipiao.fiscal.money import divide_half_up, format_yuan
from kaipiao.fiscal.taxpayer import resident_check, uscc_check

T = TypeVar("T")
_PLACES = (("11", "北京"), ("31", "上海"), ("32", "江苏"), ("33", "浙江"), ("44", "广东"))
_WORDS = ("青禾", "云帆", "山南", "星渡", "白鹭", "长亭", "春申", "沧浪", "听松", "晴川")
_PEOPLE = ("赵示例", "钱示例", "孙示例", "李示例", "周示例", "吴示例")


class Dice:
    """A small linear congruential generator (Knuth's MMIX constants): chance without a clock."""

    def __init__(self, seed: int) -> None:
        self._state = seed % 2**64
        self.below(1)

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, not including, ``limit``."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % limit

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]


class Goods(NamedTuple):
    """Something to sell: as it is printed, and the range of its price in fen."""

    name: str
    tax_class: str
    rate_bp: int
    unit: str
    spec: str
    cheap_fen: int
    dear_fen: int


class Trade(NamedTuple):
    """A line of business: what it is called, what it sells, and what its invoices must add."""

    word: str
    goods: tuple[Goods, ...]
    element: Callable[[Dice], Element] | None = None
    bare: bool = False  # one line without spec, unit, quantity and price
    scheme: Scheme = "general"
    special: bool = True  # may issue 专票


def company(index: int, word: str) -> Party:
    """The ``index``-th invented company of a trade; all its particulars filled in."""
    code, place = _PLACES[index % len(_PLACES)]
    body = f"91{code}9900MA{index % 10_000_000:07}"
    return Party(
        name=f"{place}虚构{_WORDS[index // 5 % len(_WORDS)]}{word}有限公司",
        taxpayer_id=body + uscc_check(body),
        address=f"{place}虚构路{index % 998 + 1}号",
        telephone=f"000-{index % 10_000_000:08}",
        bank="虚构银行示例支行",
        account=f"0000{index % 10**12:012}",
    )


def _construction(dice: Dice) -> Element:
    return Construction(
        place="江苏省苏州市",
        address=f"虚构大道{dice.below(900) + 1}号",
        project=f"虚构产业园{dice.below(9) + 1}期厂房",
        cross_city=dice.below(2) == 1,
    )


def _freight(dice: Dice) -> Element:
    plate = f"苏A·{dice.below(90_000) + 10_000}"
    trips = [
        Trip(
            origin="江苏省南京市",
            destination=dice.pick(("上海市", "浙江省杭州市", "安徽省合肥市")),
            vehicle="公路运输",
            plate=plate,
            goods=dice.pick(("电子元件", "纸箱", "瓷砖")),
        )
        for _ in range(3)
    ]
    return Freight(trips=tuple(trips))


def _lease(dice: Dice) -> Element:
    return PropertyLease(
        place="广东省广州市",
        address=f"虚构街{dice.below(900) + 1}号",
        area_unit="平方米",
        lease_from=date(2026, dice.below(12) + 1, 1),
        lease_to=date(2027, 12, 31),
        cross_city=False,
        certificate_no="无",
    )


def _passenger(dice: Dice) -> Element:
    body = f"110101199{dice.below(10)}0101{dice.below(900) + 100}"
    traveller = Traveller(
        name=dice.pick(_PEOPLE),
        id_kind="居民身份证",
        id_number=body + resident_check(body),
        travelled_on=date(2026, dice.below(12) + 1, dice.below(28) + 1),
        origin="北京市",
        destination="河北省廊坊市",
        vehicle="长途汽车",
    )
    return Passenger(travellers=(traveller,))


TRADES: tuple[Trade, ...] = (
    Trade(
        "电子商贸",
        (
            Goods(
                "*电子计算机*便携式计算机",
                "1090511010000000000",
                1300,
                "台",
                "K-14",
                320_000,
                990_000,
            ),
            Goods(
                "*终端显示设备*液晶显示器",
                "1090511010000000000",
                1300,
                "台",
                "27英寸",
                80_000,
                260_000,
            ),
            Goods("*文具*文件盒", "1060401010000000000", 1300, "个", "A4", 600, 2_500),
        ),
    ),
    Trade(
        "粮油",
        (
            Goods("*谷物加工品*大米", "1030102010100000000", 900, "袋", "25kg", 9_800, 16_800),
            Goods("*植物油*大豆油", "1030105010100000000", 900, "桶", "5L", 5_200, 8_900),
            Goods("*焙烤食品*糕点", "1030201010000000000", 1300, "盒", "500g", 2_800, 12_000),
        ),
    ),
    Trade(
        "软件",
        (
            Goods(
                "*信息技术服务*软件开发", "3040201010000000000", 600, "项", "", 500_000, 9_000_000
            ),
            Goods("*信息技术服务*系统维护", "3040201030000000000", 600, "月", "", 80_000, 900_000),
            Goods(
                "*研发和技术服务*技术咨询", "3040101000000000000", 600, "次", "", 50_000, 500_000
            ),
        ),
    ),
    Trade(
        "餐饮住宿",
        (
            Goods("*餐饮服务*餐费", "3070401000000000000", 100, "次", "", 3_000, 200_000),
            Goods("*住宿服务*住宿费", "3070402000000000000", 100, "晚", "", 18_000, 90_000),
        ),
        scheme="small_scale",
    ),
    Trade(
        "建筑",
        (Goods("*建筑服务*厂房工程款", "3050100000000000000", 900, "", "", 1_000_000, 90_000_000),),
        element=_construction,
        bare=True,
    ),
    Trade(
        "货运",
        (
            Goods(
                "*运输服务*国内道路货物运输", "3010102020100000000", 900, "趟", "", 80_000, 900_000
            ),
        ),
        element=_freight,
    ),
    Trade(
        "置业",
        (Goods("*经营租赁*办公用房租金", "3040502020200000000", 900, "平方米", "", 9_000, 30_000),),
        element=_lease,
    ),
    Trade(
        "客运",
        (Goods("*运输服务*长途汽车客运", "3010101020101010000", 900, "人次", "", 3_000, 20_000),),
        element=_passenger,
        special=False,
    ),
    Trade(
        "能源",
        (Goods("*汽油*92号车用汽油", "1070101010200000000", 1300, "升", "92号", 690, 780),),
        element=lambda _: RefinedOil(),
    ),
)
"""Rates are those in force from 2026 on; the small-scale 1 % ends with 2027."""

SELLERS: tuple[Party, ...] = tuple(
    company(1_000 + place, trade.word) for place, trade in enumerate(TRADES)
)
"""Who sells in the drafts below; whoever issues them must first grant these credit lines."""


def sample_drafts(seed: int) -> Iterator[Draft]:
    """Endless lawful drafts; the same seed, the same drafts."""
    dice = Dice(seed)
    while True:
        place = dice.below(len(TRADES) + 6)
        # The first trades are the everyday ones: they come up more often than the rest.
        place = place if place < len(TRADES) else (place - len(TRADES)) % 4
        yield _draft(dice, TRADES[place], SELLERS[place])


def _draft(dice: Dice, trade: Trade, seller: Party) -> Draft:
    kind: Kind = "special" if trade.special and dice.below(3) == 0 else "ordinary"
    return Draft(
        kind=kind,
        seller=seller,
        buyer=_buyer(dice, kind),
        lines=_lines(dice, trade),
        issuer=dice.pick(_PEOPLE),
        payee=dice.pick(_PEOPLE) if dice.below(4) == 0 else "",
        remark=f"合同编号 HT-{dice.below(100_000):05}" if dice.below(3) == 0 else "",
        scheme=trade.scheme,
        element=trade.element(dice) if trade.element else None,
    )


def _buyer(dice: Dice, kind: Kind) -> Party:
    if kind == "ordinary" and dice.below(5) == 0:
        return Party(name=dice.pick(_PEOPLE), natural_person=True)
    buyer = company(5_000 + dice.below(4_000), dice.pick(("贸易", "科技", "制造", "咨询")))
    if dice.below(2):
        return buyer
    return Party(name=buyer.name, taxpayer_id=buyer.taxpayer_id)


def _lines(dice: Dice, trade: Trade) -> tuple[Line, ...]:
    if trade.bare:
        return (_bare_line(dice, trade.goods[0]),)
    with_tax = dice.below(3) == 0
    if trade.element is not None:
        return (_line(dice, trade.goods[0], with_tax=with_tax),)
    lines: list[Line] = []
    for _ in range(dice.below(5) + 1):
        line = _line(dice, dice.pick(trade.goods), with_tax=with_tax)
        lines += _discounted(dice, line) if dice.below(8) == 0 else (line,)
    return tuple(lines)


def _bare_line(dice: Dice, goods: Goods) -> Line:
    return Line(
        name=goods.name,
        tax_class=goods.tax_class,
        rate_bp=goods.rate_bp,
        net_fen=goods.cheap_fen + dice.below(goods.dear_fen - goods.cheap_fen),
    )


def _line(dice: Dice, goods: Goods, *, with_tax: bool) -> Line:
    price_fen = goods.cheap_fen + dice.below(goods.dear_fen - goods.cheap_fen)
    half = ".5" if goods.unit in ("升", "平方米") else ""
    quantity = f"{dice.below(20) + 1}{half}"
    unit_price = format_yuan(price_fen)
    amount_fen = _product_fen(quantity, unit_price)
    return Line(
        name=goods.name,
        tax_class=goods.tax_class,
        rate_bp=goods.rate_bp,
        net_fen=None if with_tax else amount_fen,
        gross_fen=amount_fen if with_tax else None,
        spec=goods.spec,
        unit=goods.unit,
        quantity=quantity,
        unit_price=unit_price,
    )


def _product_fen(quantity: str, unit_price: str) -> int:
    scaled, price = read_decimal(quantity), read_decimal(unit_price)
    assert scaled is not None
    assert price is not None
    return divide_half_up(scaled * price, FEN_PRODUCT)


def _discounted(dice: Dice, line: Line) -> tuple[Line, Line]:
    """The line and, right after it, its discount of 5 to 24 percent."""
    percent = 5 + dice.below(20)
    off = -divide_half_up((line.net_fen or line.gross_fen or 0) * percent, 100)
    whole = Line(
        name=line.name,
        tax_class=line.tax_class,
        rate_bp=line.rate_bp,
        net_fen=line.net_fen,
        gross_fen=line.gross_fen,
        spec=line.spec,
        unit=line.unit,
        quantity=line.quantity,
        unit_price=line.unit_price,
        nature="discounted",
    )
    discount = Line(
        name=line.name,
        tax_class=line.tax_class,
        rate_bp=line.rate_bp,
        net_fen=None if line.net_fen is None else off,
        gross_fen=None if line.gross_fen is None else off,
        nature="discount",
    )
    return whole, discount
