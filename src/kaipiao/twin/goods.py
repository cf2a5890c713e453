"""Small sales of invented sellers: few fen, all rates, discounts, prices with and without tax.

Small, because a rounding that is wrong by one fen shows only there.
"""

from random import Random

import msgspec

from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.red_letter import LineAsk, Reason, ReversalAsk
from kaipiao.fiscal.sample import company

SELLERS = tuple(company(n, "贸易") for n in (101, 102, 103))
BUYERS = tuple(company(n, "科技") for n in (201, 202))
RATES_BP = (1300, 900, 600, 300)
REASONS: tuple[Reason, ...] = ("01", "02", "03", "04")
DEAREST_FEN = 9_000


def make_sale(rng: Random, seller: Party, n: int) -> Draft:
    """The ``n``-th sale; no two are alike."""
    lines: list[Line] = []
    for _ in range(rng.randint(1, 3)):
        line = _line(rng)
        lines += _discounted(rng, line) if rng.random() < 0.3 else [line]
    return Draft(
        kind=rng.choice(("ordinary", "special")),
        seller=seller,
        buyer=rng.choice(BUYERS),
        lines=tuple(lines),
        issuer="赵示例",
        remark=f"订单 {n}",
    )


def _line(rng: Random) -> Line:
    amount_fen = rng.randint(2, DEAREST_FEN)
    with_tax = rng.random() < 0.5
    return Line(
        name="*文具*文件盒",
        tax_class="1060401010000000000",
        rate_bp=rng.choice(RATES_BP),
        net_fen=None if with_tax else amount_fen,
        gross_fen=amount_fen if with_tax else None,
    )


def _discounted(rng: Random, line: Line) -> list[Line]:
    """The line, and after it a discount of a part of it."""
    off_fen = -rng.randint(1, max(1, (line.net_fen or line.gross_fen or 0) // 2))
    by_net = line.net_fen is not None
    whole = msgspec.structs.replace(line, nature="discounted")
    off = msgspec.structs.replace(
        line,
        nature="discount",
        net_fen=off_fen if by_net else None,
        gross_fen=None if by_net else off_fen,
    )
    return [whole, off]


def make_ask(rng: Random, draft: Draft) -> ReversalAsk:
    """Take back all that is left, or some of some lines; now and then more than there is."""
    if rng.random() < 0.3:
        return ReversalAsk(reason=rng.choice(REASONS))
    asks: list[LineAsk] = []
    for index, line in enumerate(draft.lines):
        if line.nature != "discount" and rng.random() < 0.7:
            most_fen = line.net_fen or line.gross_fen or 1
            part_fen = rng.randint(1, max(1, most_fen // rng.choice((1, 2, 3, 4))))
            asks.append(LineAsk(line=index, net_fen=part_fen))
    return ReversalAsk(reason=rng.choice(REASONS), lines=tuple(asks))
