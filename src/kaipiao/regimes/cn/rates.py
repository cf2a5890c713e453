"""Rates (税率) and levy rates (征收率), who may use them, and since when."""

from datetime import date

from kaipiao.fiscal.draft import Scheme
from kaipiao.regimes.cn.dated import Dated

BOTH: frozenset[Scheme] = frozenset({"general", "small_scale"})
GENERAL: frozenset[Scheme] = frozenset({"general"})
SMALL_SCALE: frozenset[Scheme] = frozenset({"small_scale"})

VAT_LAW = "增值税法 and its implementing rules, from 2026-01-01"


class Rate(Dated, frozen=True, kw_only=True):
    """One rate.  With ``elements`` it may only be used on invoices of these elements (特定要素)."""

    bp: int
    schemes: frozenset[Scheme]
    elements: frozenset[str] = frozenset()
    what: str


RATES: tuple[Rate, ...] = (
    Rate(
        bp=1700,
        schemes=GENERAL,
        what="货物, 有形动产租赁",
        since=date(2016, 5, 1),
        until=date(2018, 4, 30),
        source="财税〔2016〕36号; ended by 财税〔2018〕32号",
    ),
    Rate(
        bp=1300,
        schemes=GENERAL,
        what="农产品等",
        since=date(2016, 5, 1),
        until=date(2017, 6, 30),
        source="增值税暂行条例; ended by 财税〔2017〕37号",
    ),
    Rate(
        bp=1100,
        schemes=GENERAL,
        what="交通运输, 建筑, 不动产, 农产品等",
        since=date(2016, 5, 1),
        until=date(2018, 4, 30),
        source="财税〔2016〕36号; ended by 财税〔2018〕32号",
    ),
    Rate(
        bp=1600,
        schemes=GENERAL,
        what="货物, 有形动产租赁",
        since=date(2018, 5, 1),
        until=date(2019, 3, 31),
        source="财税〔2018〕32号",
    ),
    Rate(
        bp=1000,
        schemes=GENERAL,
        what="交通运输, 建筑, 不动产, 农产品等",
        since=date(2018, 5, 1),
        until=date(2019, 3, 31),
        source="财税〔2018〕32号",
    ),
    Rate(
        bp=1300,
        schemes=GENERAL,
        what="货物, 加工修理修配, 有形动产租赁",
        since=date(2019, 4, 1),
        source=f"财政部 税务总局 海关总署公告2019年第39号; {VAT_LAW}",
    ),
    Rate(
        bp=900,
        schemes=GENERAL,
        what="交通运输, 邮政, 基础电信, 建筑, 不动产, 农产品等",
        since=date(2019, 4, 1),
        source=f"财政部 税务总局 海关总署公告2019年第39号; {VAT_LAW}",
    ),
    Rate(
        bp=600,
        schemes=GENERAL,
        what="现代服务, 生活服务, 金融, 无形资产",
        since=date(2016, 5, 1),
        source=f"财税〔2016〕36号; {VAT_LAW}",
    ),
    Rate(
        bp=300,
        schemes=BOTH,
        what="征收率: 小规模纳税人, 简易计税",
        since=date(2016, 5, 1),
        source=f"财税〔2016〕36号; {VAT_LAW}",
    ),
    Rate(
        bp=100,
        schemes=SMALL_SCALE,
        what="3% 征收率减按 1%",
        since=date(2020, 3, 1),
        until=date(2022, 3, 31),
        source="财政部 税务总局公告2020年第13号, 2021年第7号, 2022年第15号",
    ),
    Rate(
        bp=100,
        schemes=SMALL_SCALE,
        what="3% 征收率减按 1%",
        since=date(2023, 1, 1),
        until=date(2027, 12, 31),
        source="财政部 税务总局公告2023年第1号, 第19号",
    ),
    Rate(
        bp=500,
        schemes=BOTH,
        what="征收率: 不动产, 劳务派遣等",
        since=date(2016, 5, 1),
        until=date(2025, 12, 31),
        source="财税〔2016〕36号, 财税〔2016〕47号",
    ),
    Rate(
        bp=500,
        schemes=BOTH,
        elements=frozenset({"05", "06"}),
        what="征收率: 老不动产的销售和租赁",
        since=date(2026, 1, 1),
        until=date(2027, 12, 31),
        source="unconfirmed: transitional rule of 2026 for old real estate, text not opened",
    ),
    Rate(
        bp=150,
        schemes=BOTH,
        elements=frozenset({"06"}),
        what="出租住房: 5% 征收率减按 1.5%",
        since=date(2016, 5, 1),
        until=date(2025, 12, 31),
        source="财税〔2016〕36号附件2; 财政部 税务总局 住建部公告2021年第24号",
    ),
    Rate(
        bp=50,
        schemes=BOTH,
        what="二手车经销: 减按 0.5%",
        since=date(2020, 5, 1),
        until=date(2025, 12, 31),
        source="财政部 税务总局公告2020年第17号, 2023年第63号; unconfirmed after 2025",
    ),
)
"""Zero-rated, exempt and untaxed sales bear no rate: see ``Line.treatment``."""


def format_rate(rate_bp: int) -> str:
    """``1300`` is ``13%``, ``150`` is ``1.5%``."""
    whole, rest = divmod(abs(rate_bp), 100)
    fraction = f".{rest:02}".rstrip("0") if rest else ""
    return f"{'-' if rate_bp < 0 else ''}{whole}{fraction}%"
