"""What ``kaipiao demo`` does with a running cell: the main job, over HTTP, step by step.

Keys and drafts come from a seed, so a second run on the same folder finds the same invoices
issued already instead of issuing them again.
"""

import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from kaipiao.app.folder import CellFolder, Running
from kaipiao.base.canonical import canonical
from kaipiao.cli.language import t
from kaipiao.cli.reach import read_key
from kaipiao.client.answers import BatchResult, Receipt
from kaipiao.client.batch import Sale
from kaipiao.client.client import Client
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.red_letter import LineAsk, ReversalAsk
from kaipiao.fiscal.sample import SELLERS, sample_drafts

SEED = 20261124
CREDIT_FEN = 10_000_000_000
"""A hundred million yuan for each seller: enough for all that the demonstration sells."""

Tell = Callable[[str], None]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, for scripts: the last line of ``demo --once``."""

    issued: int
    reversed: int
    verified: int
    seconds: float


class StepFailed(Exception):
    """A step of the demonstration did not hold; the text says which."""


class Demonstration:
    """The steps, in their order."""

    def __init__(self, running: Running, count: int, tell: Tell) -> None:
        self._client = Client(running.url, read_key(Path(running.key_file)))
        vkey = CellFolder(running.data).secrets / VKEY_NAME
        self._vkey = vkey.read_text(encoding="utf-8").strip()
        self._drafts = list(islice(sample_drafts(SEED), count))
        self._tell = tell

    def run(self) -> Done:
        """Everything.

        Raises:
            StepFailed, Problem, Unreachable: a step did not hold.
        """
        began = time.monotonic()
        with self._client:
            self._grant()
            issued = self._issue()
            red = self._reverse(issued)
            verified = self._verify(issued, red)
            self._ask_by_fields(issued)
        seconds = round(time.monotonic() - began, 2)
        return Done(issued=len(issued), reversed=len(red), verified=verified, seconds=seconds)

    def _grant(self) -> None:
        for seller in SELLERS:
            self._client.grant_credit(seller.taxpayer_id, CREDIT_FEN)
        count, yuan = len(SELLERS), format_yuan(CREDIT_FEN)
        self._tell(
            t(
                f"授信: {count} 个虚构销方, 每月各 {yuan} 元",
                f"Credit: {count} invented sellers, {yuan} yuan a month each",
            )
        )

    def _issue(self) -> list[BatchResult]:
        began = time.monotonic()
        sales = (Sale(n, f"demo-{n}", draft) for n, draft in enumerate(self._drafts, 1))
        results = list(self._client.batch(sales))
        for result in results:
            _must(result.outcome in ("issued", "replayed"), f"{result.key}: {result.en}")
        numbers = {result.number for result in results}
        _must(len(numbers) == len(self._drafts), "two sales share a number")
        before = sum(result.outcome == "replayed" for result in results)
        ms = (time.monotonic() - began) * 1000
        known = t(f" (其中 {before} 张此前已开具)", f" ({before} of them before)") if before else ""
        self._tell(
            t(
                f"开票: {len(results)} 张, 用时 {ms:.0f} 毫秒, 号码 {min(numbers)} 起{known}",
                f"Issued: {len(results)} invoices in {ms:.0f} ms, from {min(numbers)} on{known}",
            )
        )
        return results

    def _reverse(self, issued: Sequence[BatchResult]) -> list[Receipt]:
        """One wholly, one in part: half of its first line."""
        whole = issued[0].number
        place = next(n for n, draft in enumerate(self._drafts) if n and _can_be_halved(draft))
        part, line = issued[place].number, self._drafts[place].lines[0]
        half = ReversalAsk(reason="04", lines=(LineAsk(line=0, net_fen=(line.net_fen or 0) // 2),))
        red = [
            self._client.reverse(whole, ReversalAsk(reason="02"), key="demo-return"),
            self._client.reverse(part, half, key="demo-rebate"),
        ]
        for number, receipt in zip((whole, part), red, strict=True):
            _must(receipt.totals.gross_fen < 0, "a red letter is negative")
            yuan = format_yuan(receipt.totals.gross_fen)
            self._tell(
                t(
                    f"冲红: {number} → 红字 {receipt.number}, {yuan} 元",
                    f"Reversed: {number} → red letter {receipt.number}, {yuan} yuan",
                )
            )
        standing = self._client.invoice(whole).standing
        _must(standing == "reversed-wholly", f"the whole reversal left it {standing}")
        return red

    def _verify(self, issued: Sequence[BatchResult], red: Sequence[Receipt]) -> int:
        """Every receipt, offline; and one that was tampered with, which must be refused."""
        numbers = [result.number for result in issued] + [receipt.number for receipt in red]
        texts = [self._client.receipt(number) for number in numbers]
        contents = [canonical(draft) for draft in self._drafts] + [None] * len(red)
        for number, text, content in zip(numbers, texts, contents, strict=True):
            verdict = verify_receipt(text, self._vkey, draft_bytes=content)
            _must(verdict.is_genuine, f"the receipt of {number} does not verify")
        forged = verify_receipt(texts[0], self._vkey, draft_bytes=contents[1])
        _must(not forged.is_genuine, "a receipt held beside another invoice was believed")
        self._tell(
            t(
                f"查验: {len(texts)} 份回执离线核验为真; 张冠李戴的一份被识破",
                f"Verified: {len(texts)} receipts, offline; one held beside another invoice "
                "was found out",
            )
        )
        return len(texts)

    def _ask_by_fields(self, issued: Sequence[BatchResult]) -> None:
        first = self._client.invoice(issued[-1].number)
        day = beijing_day(first.issued_at)
        if self._client.invoice(first.number).standing != "issued":
            return
        finding = self._client.verify(
            first.number,
            issued_on=day,
            gross_fen=first.totals.gross_fen,
            kind=first.draft.kind,
        )
        _must(finding.answer == "valid", f"asked by its fields: {finding.answer}")


def _can_be_halved(draft: Draft) -> bool:
    line = draft.lines[0]
    return line.nature == "normal" and (line.net_fen or 0) > 1 and draft.margin == "none"


def _must(held: bool, otherwise: str) -> None:
    if not held:
        raise StepFailed(otherwise)
