"""Red-letter confirmation forms (红字信息确认单): two sides agree before an invoice is taken back.

A form is a small state machine with a clock.  Nobody can leave it stuck: an unanswered form
lapses after its window (72 hours) by the clock alone, whether or not anybody looked.

    seller starts, original unused ──► 01 无需确认 ─────────────► red letter
    seller starts ──► 02 ─┬ buyer confirms ──► 04 双方已确认 ───► red letter
                          ├ buyer denies   ──► 05 购方否认
    buyer starts  ──► 03 ─┼ seller denies  ──► 06 销方否认
                          ├ 72 hours       ──► 07 超时
                          └ starter withdraws ► 08 发起方撤销
    04, red letter not issued yet ── starter withdraws ──► 09 确认后撤销
    any open state ── the operator finds it irregular ──► 10 异常凭证
"""

from datetime import datetime
from typing import Literal

import msgspec

from kaipiao.fiscal.red_letter import ReversalAsk

Use = Literal["deducted", "booked"]
"""用途确认, 入账."""

Side = Literal["seller", "buyer"]
State = Literal["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"]
Action = Literal["confirm", "deny", "withdraw", "flag"]

STATE_NAMES: dict[State, tuple[str, str]] = {
    "01": ("无需确认", "no confirmation needed"),
    "02": ("销方录入待购方确认", "entered by the seller, waiting for the buyer"),
    "03": ("购方录入待销方确认", "entered by the buyer, waiting for the seller"),
    "04": ("购销双方已确认", "confirmed by both sides"),
    "05": ("作废 (销方录入购方否认)", "void: denied by the buyer"),
    "06": ("作废 (购方录入销方否认)", "void: denied by the seller"),
    "07": ("作废 (超72小时未确认)", "void: not answered within 72 hours"),
    "08": ("作废 (发起方撤销)", "void: withdrawn by the starter"),
    "09": ("作废 (确认后撤销)", "void: withdrawn after confirmation"),
    "10": ("作废 (异常凭证)", "void: flagged as irregular by the operator"),
}
WAITING: frozenset[State] = frozenset({"02", "03"})
AGREED: frozenset[State] = frozenset({"01", "04"})


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """One form.  ``red_letter`` is set once the red letter that spends it is issued."""

    form_id: str
    original: str
    seller: str
    buyer: str
    started_by: Side
    ask: ReversalAsk
    state: State
    opened_at: datetime
    lapses_at: datetime  # by the window in force when it was opened
    changed_at: datetime
    red_letter: str = ""


def opening_state(started_by: Side, *, used: bool) -> State:
    """Where a form begins.  An unused original needs no answer if its own seller asks."""
    if started_by == "seller":
        return "02" if used else "01"
    return "03"


def at_instant(form: Confirmation, now: datetime) -> Confirmation:
    """The form as it stands at ``now``: a waiting form past its 72 hours has lapsed."""
    if form.state in WAITING and now >= form.lapses_at:
        return msgspec.structs.replace(form, state="07", changed_at=form.lapses_at)
    return form


def allowed(form: Confirmation, side: Side | None) -> dict[Action, State]:
    """What ``side`` (None: the operator) may do now, and the state it leads to."""
    if form.red_letter:
        return {}
    if side is None:
        return {"flag": "10"} if form.state in WAITING | AGREED else {}
    starter = side == form.started_by
    if form.state in WAITING:
        if starter:
            return {"withdraw": "08"}
        return {"confirm": "04", "deny": "05" if side == "buyer" else "06"}
    if starter and form.state in AGREED:
        return {"withdraw": "09" if form.state == "04" else "08"}
    return {}
