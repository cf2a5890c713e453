"""What is sent: lawful three-line invoices of 1.2 KB from ten thousand invented sellers.

One draft a seller.  The same drafts go to every stack, byte for byte.
"""

from pathlib import Path

from kaipiao.base.canonical import canonical
from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.sample import Dice, company

SELLERS = 10_000
SEED = 20261124

_GOODS = (
    ("*电子计算机*便携式计算机", "1090511010000000000", "台", "K-14/16G/512G", 320_000),
    ("*终端显示设备*液晶显示器", "1090511010000000000", "台", "27英寸 IPS", 80_000),
    ("*文具*文件盒", "1060401010000000000", "个", "A4 背宽55mm", 600),
)
"""Name, tax class, unit, spec, and the least price in fen; the rate is 13 %."""


def seller_of(index: int) -> Party:
    return company(2_000_000 + index, "电子商贸")


def compose_draft(index: int) -> Draft:
    """The draft of the ``index``-th seller."""
    dice = Dice(SEED + index)
    return Draft(
        kind="special",
        seller=seller_of(index),
        buyer=company(5_000_000 + dice.below(4_000_000), dice.pick(("贸易", "科技", "制造"))),
        lines=tuple(_line(dice, goods) for goods in _GOODS),
        issuer="赵示例",
        payee="钱示例",
        remark=f"合同编号 HT-{dice.below(10**8):08}, 送货单 DL-{index:08}, 收货后三十日内付款",
    )


def _line(dice: Dice, goods: tuple[str, str, str, str, int]) -> Line:
    name, tax_class, unit, spec, least_fen = goods
    quantity, price_fen = dice.below(20) + 1, least_fen + dice.below(least_fen)
    return Line(
        name=name,
        tax_class=tax_class,
        rate_bp=1300,
        net_fen=quantity * price_fen,
        spec=spec,
        unit=unit,
        quantity=str(quantity),
        unit_price=format_yuan(price_fen),
    )


def write_drafts(path: Path, count: int = SELLERS) -> list[str]:
    """Write ``count`` canonical drafts, one a line; the ids of their sellers, in that order."""
    drafts = [compose_draft(index) for index in range(count)]
    path.write_bytes(b"".join(canonical(draft) + b"\n" for draft in drafts))
    return [draft.seller.taxpayer_id for draft in drafts]
