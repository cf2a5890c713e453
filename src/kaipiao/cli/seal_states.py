"""How a seal stands, in a person's words."""

from kaipiao.cli.language import t
from kaipiao.client.seals import Seal

STATES = {
    "none": ("本单元没有签章服务商", "this cell has no vendors"),
    "waiting": ("等待签章", "waiting"),
    "sealed": ("已签章", "sealed"),
    "resealing": ("等待重新签章", "to be sealed again"),
}


def tell_seal(seal: Seal) -> str:
    """``sealed by acme``."""
    said = t(*STATES[seal.state])
    return said + t(f" ({seal.mark.vendor})", f" by {seal.mark.vendor}") if seal.mark else said
