"""What a release says while it goes on: one step after another, in Chinese and English."""

from collections.abc import Callable

import msgspec


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step, in words.  ``is_over``: the last one; ``is_refused``: the answer was no;
    ``is_busy``: because another act is under way.  ``member``: where, in a cluster.
    """

    zh: str
    en: str
    member: str = ""
    is_over: bool = False
    is_refused: bool = False
    is_busy: bool = False


Say = Callable[[Said], None]


def step(zh: str, en: str) -> Said:
    return Said(zh=zh, en=en)


def done(zh: str, en: str) -> Said:
    return Said(zh=zh, en=en, is_over=True)


def no(zh: str, en: str) -> Said:
    return Said(zh=zh, en=en, is_over=True, is_refused=True)


def busy() -> Said:
    return Said(
        zh="另一项发布操作正在进行, 请稍后",
        en="another release act is under way; wait for it",
        is_over=True,
        is_refused=True,
        is_busy=True,
    )
