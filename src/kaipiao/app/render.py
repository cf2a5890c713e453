"""``render``: the workshop's child, which makes renditions for one of our processes.

It reads its orders and its work from standard input and answers on what was standard output;
whatever a library prints goes to standard error instead.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from kaipiao.delivery.renditions.make import Press, Sign
from kaipiao.delivery.renditions.workshop import Workshop, read_frame, work
from kaipiao.ports import Mark
from kaipiao.seal.local import load_seal


class RenderOrders(msgspec.Struct, frozen=True, kw_only=True):
    """``secrets`` is the folder with the seal."""

    secrets: str


def open_workshop(secrets: Path) -> Workshop:
    """A workshop whose child seals with the key in this folder."""
    orders = msgspec.json.encode(RenderOrders(secrets=str(secrets)))
    return Workshop((sys.executable, "-m", "kaipiao.app.render"), orders)


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    jobs = os.fdopen(0, "rb", buffering=0)
    orders = msgspec.json.decode(read_frame(jobs), type=RenderOrders)
    with asyncio.Runner() as runner:
        work(jobs, answers, Press(_signer(Path(orders.secrets), runner)))


def _signer(secrets: Path, runner: asyncio.Runner) -> Sign:
    seal = load_seal(secrets)

    def sign(data: bytes) -> Mark:
        return runner.run(seal.seal(data))

    return sign


if __name__ == "__main__":
    main()
