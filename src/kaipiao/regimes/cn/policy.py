"""Policy: reasons, windows and limits that an authority sets and may change overnight."""

from datetime import date, timedelta
from typing import Literal

from kaipiao.fiscal.red_letter import Reason
from kaipiao.regimes.cn.dated import Dated, in_force

REASONS: dict[Reason, tuple[str, str]] = {
    "01": ("开票有误", "issued in error"),
    "02": ("销货退回", "goods returned"),
    "03": ("服务中止", "service stopped"),
    "04": ("销售折让", "allowance"),
}
"""Why an invoice is taken back."""


class CreditPolicy(Dated, frozen=True, kw_only=True):
    """What draws on the credit line (授信额度), and when a red letter gives back."""

    draws: Literal["net"]  # the amount without tax
    red_letters_restore: Literal["own_month"]  # the month in which the red letter is issued


class Windows(Dated, frozen=True, kw_only=True):
    """Time limits."""

    confirm_within: timedelta  # a red-letter form unanswered for this long lapses
    backfill_within: timedelta  # invoices issued in an outage are shipped within this
    checks_a_day: int  # verifications of one invoice


CREDIT: tuple[CreditPolicy, ...] = (
    CreditPolicy(
        draws="net",
        red_letters_restore="own_month",
        since=date(2021, 12, 1),
        source="unconfirmed: no published text says what is counted",
    ),
)

WINDOWS: tuple[Windows, ...] = (
    Windows(
        confirm_within=timedelta(hours=72),
        backfill_within=timedelta(hours=72),
        checks_a_day=5,
        since=date(2021, 12, 1),
        source="confirmation: 国家税务总局公告2024年第11号; checks: the national verification "
        "platform; backfill: unconfirmed, no emergency rule was found",
    ),
)


def confirm_within(on: date) -> timedelta:
    """How long a form opened on that Beijing day waits for the other side."""
    return in_force(WINDOWS, on)[0].confirm_within
