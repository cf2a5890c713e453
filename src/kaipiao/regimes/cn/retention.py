"""How long an invoice must be kept, and what may come before that.

Accounting records are kept for their years, counted from the first day after the financial year,
by both sides; a platform that keeps them for sellers keeps them as long.  Whoever must delete
personal data before that time is over stops everything but keeping it (个人信息保护法, article 47),
unless an order or the unlawfulness of the data itself demands more.
"""

from collections.abc import Mapping
from datetime import date

from kaipiao.fiscal.erasure import Ground
from kaipiao.regimes.cn.dated import Dated, in_force


class Retention(Dated, frozen=True, kw_only=True):
    """Whole years, from 1 January after the year of issue."""

    years: int


RETENTION: tuple[Retention, ...] = (
    Retention(
        years=15,
        since=date(1999, 1, 1),
        until=date(2015, 12, 31),
        source="会计档案管理办法 (财会字〔1998〕32号), 附表: 原始凭证 15 年; unconfirmed",
    ),
    Retention(
        years=30,
        since=date(2016, 1, 1),
        source="会计档案管理办法 (财政部 国家档案局令第79号), 第十四条、附表一: 会计凭证 "
        "(原始凭证) 30 年, 自会计年度终了后的第一天起算; unconfirmed",
    ),
)


class GroundRule(Dated, frozen=True, kw_only=True):
    """``before_its_time``: whether it may come before the retention is over."""

    zh: str
    en: str
    before_its_time: bool


GROUNDS: Mapping[Ground, GroundRule] = {
    "retention-over": GroundRule(
        zh="保管期限届满",
        en="its retention is over",
        before_its_time=False,
        since=date(2021, 11, 1),
        source="个人信息保护法 第四十七条第一款第二项: 保存期限已届满",
    ),
    "order": GroundRule(
        zh="法院或监管机关的生效决定",
        en="a binding decision of a court or an authority",
        before_its_time=True,
        since=date(2021, 11, 1),
        source="个人信息保护法 第四十七条第一款第五项: 法律、行政法规规定的其他情形",
    ),
    "unlawful": GroundRule(
        zh="所载个人信息属违法处理",
        en="the personal data in it was handled unlawfully",
        before_its_time=True,
        since=date(2021, 11, 1),
        source="个人信息保护法 第四十七条第一款第四项: 违反法律、行政法规或者违反约定处理个人信息",
    ),
}


def keep_until(issued_on: date) -> date:
    """The last day on which an invoice of that Beijing day must still be there."""
    years = in_force(RETENTION, issued_on)[0].years
    return date(issued_on.year + years, 12, 31)


def may_erase(ground: Ground, *, issued_on: date, today: date) -> bool:
    """Whether the law lets it be erased today on this ground."""
    return GROUNDS[ground].before_its_time or today > keep_until(issued_on)
