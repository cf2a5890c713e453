"""What may be found, and which runbook is about it."""

from typing import Literal

import msgspec

Kind = Literal[
    "no-answer",
    "no-primary",
    "paused",
    "member-away",
    "patroni-silent",
    "standby-broken",
    "standby-adrift",
    "standby-behind",
    "member-disk-short",
    "quorum-edge",
    "cell-stopped",
    "cell-silent",
    "worker-silent",
    "disk-short",
    "slot-stuck",
    "slot-lost",
    "certificate-ends",
    "vendor-away",
]
RUNBOOKS: dict[Kind, str] = {
    "no-answer": "primary",
    "no-primary": "primary",
    "paused": "primary",
    "member-away": "member",
    "patroni-silent": "member",
    "standby-broken": "member",
    "standby-adrift": "member",
    "standby-behind": "member",
    "member-disk-short": "disk",
    "quorum-edge": "member",
    "cell-stopped": "cell",
    "cell-silent": "cell",
    "worker-silent": "cell",
    "disk-short": "disk",
    "slot-stuck": "slot",
    "slot-lost": "slot",
    "certificate-ends": "certificate",
    "vendor-away": "vendor",
}

BROKEN = frozenset[Kind]({"standby-broken", "standby-adrift"})
"""Standbys that are rebuilt where that is safe."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``about``: the member, slot, vendor or file."""

    kind: Kind
    about: str
    zh: str
    en: str

    @property
    def runbook(self) -> str:
        return RUNBOOKS[self.kind]


def say(kind: Kind, about: str, zh: str, en: str) -> Finding:
    return Finding(kind=kind, about=about, zh=zh, en=en)


def mib(amount: int) -> int:
    return amount >> 20
