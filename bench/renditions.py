"""``./run bench renditions``: what a document costs, by kind and by length.

CPU of one process, on one core, with everything imported and every font loaded: what the
workshop's child does, without the pipe to it.  ``everyday`` is the mix of the sample drafts.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.delivery.renditions.make import ROWS, CannotRender, Press
from kaipiao.delivery.renditions.source import Imprint, Source
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.sample import sample_drafts
from kaipiao.fiscal.settle import settle
from kaipiao.ports import Mark
from kaipiao.seal.document_key import create_document_key
from kaipiao.seal.local import create_seal

GOALS_PER_S = {"xml": 5_000, "ofd": 60, "pdf": 40}
"""Documents a second and core, of the everyday kind."""

EVERYDAY = 200
LINES = (1, 100, 2_000)
AT_LEAST = 3
AT = datetime(2026, 11, 25, 2, 3, 4, tzinfo=UTC)


class Figure(NamedTuple):
    """One kind over one set of invoices."""

    kind: str
    invoices: str  # everyday, or how many lines
    per_s: float
    ms: float  # CPU a document
    kilobytes: float


def main(argv: Sequence[str]) -> int:
    asked = _parser().parse_args(argv)
    figures = []
    for figure in measure(asked.kind or list(ROWS), seconds=asked.seconds):
        figures.append(figure)
        print(_row(figure), flush=True)
    rss_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\nat most {rss_mib} MiB of memory")
    if asked.json:
        told = {"figures": [one._asdict() for one in figures], "rss_mib": rss_mib}
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(kinds: Sequence[str], *, seconds: float) -> Iterator[Figure]:
    print("| kind | invoices | a second | CPU ms | KB | goal |\n|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        key = create_document_key(Path(folder), "kaipiao.example/bench", now=AT)
        signed, plain = Press(_signer(Path(folder)), key), Press()
        everyday = [_source(draft) for draft in islice(sample_drafts(1), EVERYDAY)]
        lengths = {f"{count} lines": [_source(_long(count))] for count in LINES}
        for kind in kinds:
            for name, sources in {"everyday": everyday, **lengths}.items():
                with suppress(CannotRender):  # a picture has not room for all
                    yield _figure(kind, name, sources, plain, seconds)
            yield _figure(f"{kind}, signed", "everyday", everyday, signed, seconds)


def _figure(
    kind: str, name: str, sources: Sequence[Source], press: Press, seconds: float
) -> Figure:
    bare = kind.removesuffix(", signed")
    sizes = [len(press.render(sources[0], bare))]  # and everything is imported
    count, began = 0, time.process_time()
    while count < AT_LEAST or time.process_time() - began < seconds:
        sizes.append(len(press.render(sources[count % len(sources)], bare)))
        count += 1
    cost_s = (time.process_time() - began) / count
    return Figure(kind, name, 1 / cost_s, cost_s * 1_000, sum(sizes) / len(sizes) / 1_000)


def _signer(folder: Path) -> Callable[[bytes], Mark]:
    seal = create_seal(folder, "kaipiao.example/bench", now=AT)

    def sign(data: bytes) -> Mark:
        try:
            seal.seal(data).send(None)  # it waits for nothing, so it ends at its first step
        except StopIteration as done:
            mark: Mark = done.value
        return mark

    return sign


def _source(draft: Draft) -> Source:
    payload = canonical(draft)
    invoice = Invoice(
        number=InvoiceNumber("26311000000000000042"),
        issued_at=AT,
        key=IdempotencyKey("bench"),
        digest=digest(payload),
        draft=draft,
        lines=settle(draft),
        salt=bytes(16),
    )
    receipt = b"c2sp.org/tlog-proof@v1\n" + b"x" * 1_200  # as long as a genuine one
    imprint = Imprint(platform="Kaipiao 开票", verify_url="https://verify.example")
    return Source(invoice=invoice, imprint=imprint, receipt=receipt)


def _long(count: int) -> Draft:
    """So many lines, of a draft that has none of its own kind."""
    draft = next(one for one in sample_drafts(1) if one.element is None)
    lines = tuple(line for line in draft.lines if line.nature == "normal")
    return msgspec.structs.replace(draft, lines=(lines * count)[:count])


def _row(figure: Figure) -> str:
    goal = GOALS_PER_S.get(figure.kind, 0) if figure.invoices == "everyday" else 0
    reached = f"≥ {goal:,} {'✓' if figure.per_s >= goal else '✗'}" if goal else ""
    cells = (
        figure.kind, figure.invoices, f"{figure.per_s:,.0f}", f"{figure.ms:,.2f}",
        f"{figure.kilobytes:,.0f}", reached,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run bench renditions", description="What a document costs, by kind and length."
    )
    parser.add_argument("kind", nargs="*", choices=[*ROWS, []], help="default: all of them")
    parser.add_argument(
        "--seconds", type=float, default=1.0, metavar="S", help="of each measurement; default 1"
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write all figures there")
    return parser
