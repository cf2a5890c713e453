"""``render``: the workshop's child, which makes renditions for one of our processes.

It reads its orders and its work from standard input and answers on what was standard output;
whatever a library prints goes to standard error instead.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from kaipiao.delivery.renditions.make import PlainSigner, Press, Sign
from kaipiao.delivery.renditions.workshop import Workshop, read_frame, work
from kaipiao.ports import Mark
from kaipiao.seal.document_key import load_document_key
from kaipiao.seal.local import load_seal


class RenderOrders(msgspec.Struct, frozen=True, kw_only=True):
    """``secrets`` is the folder with the seal and the document key."""

    secrets: str


def open_workshop(secrets: Path) -> Workshop:
    """A workshop whose child seals and signs with the keys in this folder."""
    orders = msgspec.json.encode(RenderOrders(secrets=str(secrets)))
    return Workshop((sys.executable, "-m", "kaipiao.app.render"), orders)


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    jobs = os.fdopen(0, "rb", buffering=0)
    orders = msgspec.json.decode(read_frame(jobs), type=RenderOrders)
    with asyncio.Runner() as runner:
        secrets = Path(orders.secrets)
        work(jobs, answers, Press(_signer(secrets, runner), _plain_signer(secrets)))


def _signer(secrets: Path, runner: asyncio.Runner) -> Sign:
    seal = load_seal(secrets)

    def sign(data: bytes) -> Mark:
        return runner.run(seal.seal(data))

    return sign


def _plain_signer(secrets: Path) -> PlainSigner | None:
    """None: a cell of an earlier version, before its next ``kaipiao up``."""
    try:
        return load_document_key(secrets)
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    main()
