"""Why a commit did not happen, or why we cannot tell.

All but ``Doubt`` mean that PostgreSQL aborted the statement: nothing of the batch exists.
"""

import asyncpg

from kaipiao.ledger.statements import FENCED, NO_LINE, NOT_AGREED, USED


class Trouble(Exception):
    """The statement was aborted; nothing of the batch exists."""


class KeysTaken(Trouble):
    """Some (seller, key) was there before."""


class CreditTrouble(Trouble):
    """Some seller's line would be overdrawn, or does not exist this month."""


class Fenced(Trouble):
    """The block is no longer ours, or does not stand where we believed."""


class RedTrouble(Trouble):
    """Some red letter passes zero, or goes against a used original or an open form."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Clash(Trouble):
    """Two processes locked each other out (40P01, 40001); trying again is all there is to do."""


class Unavailable(Trouble):
    """No connection, a read-only server, a full disk: surely not committed, try later."""


class Doubt(Exception):
    """The answer was lost.  The batch exists, or it does not; only asking will tell."""


_BY_STATE: dict[str, type[Trouble]] = {
    FENCED: Fenced,
    NO_LINE: CreditTrouble,
    "40P01": Clash,
    "40001": Clash,
    "25006": Unavailable,  # read-only: a standby, or a primary not yet promoted
    "53100": Unavailable,  # disk full
    "53200": Unavailable,  # out of memory
    "55P03": Clash,  # lock not available
}
_BY_CONSTRAINT: dict[str, Trouble] = {
    "invoice_key_once": KeysTaken(),
    "credit_line_not_overdrawn": CreditTrouble(),
    "taken_line_not_past_zero": RedTrouble("past-zero"),
}
_CONNECTION_GONE = ("57P01", "57P02", "57P03", "57P05")


def trouble_of(error: BaseException) -> Exception:
    """What an exception of the driver means for the batch that was being committed.

    Anything we do not know, we doubt: doubting wrongly costs one question, the opposite
    mistake costs an invoice.
    """
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return error  # a value that the driver could not even write down: nothing was sent
    if not isinstance(error, asyncpg.PostgresError):
        return Doubt(repr(error))
    state = error.sqlstate or ""
    if state in _CONNECTION_GONE or state.startswith("08"):
        return Doubt(repr(error))
    if state in (USED, NOT_AGREED):
        return RedTrouble("used" if state == USED else "not-agreed")
    if state in _BY_STATE:
        return _BY_STATE[state](str(error))
    constraint = getattr(error, "constraint_name", None) or ""
    if constraint in _BY_CONSTRAINT:
        return _BY_CONSTRAINT[constraint]
    assert isinstance(error, Exception)
    return error  # an ERROR that we have no name for is a defect; the batch was aborted
