"""The law of one day: every dated row that holds, looked up once and remembered."""

from datetime import date
from functools import lru_cache

import msgspec

from kaipiao.fiscal.draft import Scheme
from kaipiao.regimes.cn.dated import in_force
from kaipiao.regimes.cn.rates import RATES, Rate
from kaipiao.regimes.cn.tolerances import TOLERANCES, Tolerances


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """What holds on ``on``."""

    on: date
    rates: dict[int, Rate]  # by basis points
    free_rates: dict[Scheme, frozenset[int]]  # that need no special-business element
    tolerances: Tolerances


class Context(msgspec.Struct, frozen=True):
    """What a rule may know besides the draft.

    ``outside``: the document was issued elsewhere and is only read here.
    ``composed``: we made its reversal ourselves, from the red-letter call.
    """

    law: Law
    outside: bool = False
    composed: bool = False


@lru_cache(maxsize=1024)
def law_on(on: date) -> Law:
    """The law of that Beijing day.  Before the first row there are no rates, so all is refused."""
    rates = in_force(RATES, on)
    free = [rate for rate in rates if not rate.elements]
    schemes: tuple[Scheme, ...] = ("general", "small_scale")
    return Law(
        on=on,
        rates={rate.bp: rate for rate in rates},
        free_rates={
            scheme: frozenset(rate.bp for rate in free if scheme in rate.schemes)
            for scheme in schemes
        },
        tolerances=(in_force(TOLERANCES, on) or TOLERANCES)[-1],
    )
