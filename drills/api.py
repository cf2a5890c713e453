"""The same once more through the front door: what the API lists must be what it said."""

from random import Random

import msgspec

from drills.cell import Cell
from kaipiao.continuity.drill.books import Books, checkpoint_of
from kaipiao.continuity.drill.heard import Heard, Told
from kaipiao.continuity.drill.judge import one_log
from kaipiao.continuity.drill.line import Door, Line
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.note import parse_vkey
from kaipiao.evidence.proof import parse_proof
from kaipiao.evidence.verdict import verify_receipt

PAGE = 500
SAMPLE = 200


class Listed(msgspec.Struct):
    number: str
    key: str
    digest: str
    log_index: int


class ListPage(msgspec.Struct):
    invoices: list[Listed]
    after: int | None = None


_page = msgspec.json.Decoder(ListPage).decode


async def judge_api(cell: Cell, token: str, books: Books, heard: Heard, rng: Random) -> list[str]:
    """Every acknowledged invoice is in its seller's list; a sample is verified offline."""
    line = Line([Door("127.0.0.1", cell.port)], token)
    findings: list[str] = []
    for seller in sorted({name[0] for name in heard.receipts}):
        findings += await _judge_list(line, seller, heard)
    numbers = sorted(told.number for told in heard.receipts.values())
    for number in rng.sample(numbers, min(SAMPLE, len(numbers))):
        answer = await line.ask(f"GET /v1/invoices/{number}/receipt")
        if answer.status != 200:
            findings.append(f"the receipt of {number} is answered {answer.status}")
        heard.proofs.append(answer.body.decode())
    line.hang_up()
    return findings + judge_proofs(books, heard, cell.vkey_text)


async def _judge_list(line: Line, seller: str, heard: Heard) -> list[str]:
    wanted = {key: told for (one, key), told in heard.receipts.items() if one == seller}
    listed: dict[str, Listed] = {}
    after: int | None = 0
    while after is not None:
        answer = await line.ask(f"GET /v1/invoices?seller={seller}&limit={PAGE}&after={after}")
        if answer.status != 200:
            return [f"the list of {seller} is answered {answer.status}"]
        page = _page(answer.body)
        listed |= {one.key: one for one in page.invoices}
        after = page.after
    differ = [key for key in wanted.keys() | listed.keys() if not _same(wanted, listed, key)]
    return [f"the list of {seller} differs in {len(differ)}, as {differ[0]}"] if differ else []


def _same(wanted: dict[str, Told], listed: dict[str, Listed], key: str) -> bool:
    told, one = wanted.get(key), listed.get(key)
    return bool(told and one and (told.number, told.digest) == (one.number, one.digest))


def judge_proofs(books: Books, heard: Heard, vkey: str) -> list[str]:
    """Receipts taken during the storm and after it convince a stranger, and tell of one log."""
    told = {one.number: one for one in heard.receipts.values()}
    findings: list[str] = []
    seen: list[Checkpoint] = []
    for proof in heard.proofs:
        verdict = verify_receipt(proof, vkey)
        opening = verdict.opening
        if not verdict.is_genuine or opening is None:
            findings.append(f"a receipt is not genuine: {verdict.faults}")
            continue
        one = told.get(opening.number)
        if one is None or one.digest != opening.digest:
            findings.append(f"the receipt of {opening.number} is about another invoice")
        seen.append(checkpoint_of(parse_proof(proof).note, parse_vkey(vkey)))
    return findings + list(one_log(books, sorted(seen, key=lambda one: one.size)))
