"""What callers heard.  Every answer is judged the moment it comes; a yes is kept for ever.

a receipt           must be the one for this sale, and the same bytes each time
a problem that      must say so, and when to come back; then we ask again, with the same key
  may be repeated
a cut connection    means nothing; we ask again
anything else       is a wrong answer
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

import msgspec

from kaipiao.continuity.drill.line import Answer
from kaipiao.continuity.drill.sales import Sale

RETRYABLE = (408, 429, 503)
MAX_FAULTS = 50


class Totals(msgspec.Struct):
    net_fen: int
    tax_fen: int
    gross_fen: int


class Told(msgspec.Struct):
    """A receipt as it came over the wire."""

    number: str
    issued_at: str
    seller: str
    key: str
    digest: str
    totals: Totals

    @classmethod
    def of(cls, receipt: object) -> "Told":
        """The same, from one that our client has read."""
        return msgspec.convert(receipt, cls)


class Problem(msgspec.Struct):
    status: int
    code: str
    retryable: bool


class Result(msgspec.Struct):
    """One line of a batch's answer."""

    line: int
    status: int
    key: str = ""
    receipt: msgspec.Raw = msgspec.Raw()
    problem: Problem | None = None


Name = tuple[str, str]
_told = msgspec.json.Decoder(Told).decode
_problem = msgspec.json.Decoder(Problem).decode
_result = msgspec.json.Decoder(Result).decode


class Heard:
    """Everything that was said to all callers."""

    def __init__(self, sellers: Iterable[str] = ()) -> None:
        self._sellers = frozenset(sellers)
        self.sales: dict[Name, Sale] = {}
        self.receipts: dict[Name, Told] = {}
        self.refused: dict[Name, str] = {}
        self.proofs: list[str] = []  # receipts of the log, as files
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._raw: dict[Name, bytes] = {}  # SHA-256 of each yes

    def is_ours(self, seller: str) -> bool:
        """Whether our callers alone sell for it.  Of nobody in particular: of everybody."""
        return not self._sellers or seller in self._sellers

    def fault(self, what: str) -> None:
        self.counts["wrong answers"] += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(what)

    def answer(self, sale: Sale, answer: Answer) -> bool:
        """Take in the answer to one sale; whether it is settled (else: ask again)."""
        self._note(sale)
        if not answer.whole:
            self.counts["cut"] += 1
            return False
        if answer.status in (200, 201):
            replayed = answer.headers.get("idempotency-replayed") == "true"
            if replayed != (answer.status == 200):
                self.fault(f"{sale.name}: {answer.status} with replayed={replayed}")
            self.counts["issued"] += answer.status == 201
            return self._receipt(sale, answer.body)
        if not answer.headers.get("content-type", "").startswith("application/problem+json"):
            self.fault(f"{sale.name}: {answer.status} without a problem document")
            return True
        return self._no(sale, _problem(answer.body), answer.headers.get("retry-after", ""))

    def receipt(self, sale: Sale, told: Told, *, is_new: bool) -> None:
        """Take in a yes that our own client has read already."""
        self._note(sale)
        self.counts["issued"] += is_new
        self._receipt(sale, msgspec.json.encode(told))

    def batch(self, sales: list[Sale], answer: Answer) -> list[Sale]:
        """Take in the answer to a batch, as far as it came; the sales to ask for again."""
        for sale in sales:
            self._note(sale)
        self.counts["cut"] += not answer.whole
        if answer.whole and answer.status != 200:
            return [sale for sale in sales if not self.answer(sale, answer)]
        settled = set()
        lines = answer.body.split(b"\n")
        for place, line in enumerate(lines[:-1]):  # what follows the last newline was cut off
            result = _result(line)
            sale = sales[place]
            if (result.line, result.key) != (place + 1, sale.key):
                self.fault(f"{sale.name}: line {place + 1} was answered as {result}")
            elif result.status in (200, 201):
                self.counts["issued"] += result.status == 201
                self._receipt(sale, bytes(result.receipt))
                settled.add(sale.name)
            elif result.problem is None or self._no(sale, result.problem, "1"):
                settled.add(sale.name)
        if answer.whole and len(lines) - 1 != len(sales):
            self.fault(f"a batch of {len(sales)} was answered by {len(lines) - 1} lines")
        return [sale for sale in sales if sale.name not in settled]

    def other_content(self, sale: Sale, answer: Answer) -> bool:
        """Take in the answer to other content under a key that is taken; whether it is settled."""
        if not answer.whole:
            self.counts["cut"] += 1
            return False
        code = _problem(answer.body).code if answer.status >= 400 else str(answer.status)
        self.counts[f"{answer.status} {code}"] += 1
        if answer.status not in RETRYABLE and code != "key-reused":
            self.fault(f"{sale.name}: other content under its key was answered {code}")
        return answer.status not in RETRYABLE

    def _note(self, sale: Sale) -> None:
        if sale.name not in self.sales:
            self.sales[sale.name] = msgspec.structs.replace(sale, body=b"")

    def _receipt(self, sale: Sale, raw: bytes) -> bool:
        """A yes: for this sale, and the same yes as before."""
        told = _told(raw)
        wanted = (sale.seller, sale.key, sale.digest or told.digest, sale.net_fen, sale.tax_fen)
        said = (told.seller, told.key, told.digest, told.totals.net_fen, told.totals.tax_fen)
        if said != wanted:
            self.fault(f"{sale.name}: asked for {wanted}, told {said}")
        mark = sha256(raw).digest()
        if self._raw.setdefault(sale.name, mark) != mark:
            self.fault(f"{sale.name}: told {self.receipts[sale.name]}, and later {raw!r}")
        if sale.name in self.refused:
            self.fault(f"{sale.name}: refused, and later {told.number}")
        self.counts["repeats" if sale.name in self.receipts else "yes"] += 1
        self.receipts.setdefault(sale.name, told)
        return True

    def _no(self, sale: Sale, problem: Problem, retry_after: str) -> bool:
        self.counts[f"{problem.status} {problem.code}"] += 1
        if problem.retryable and problem.status in RETRYABLE:
            if not retry_after:
                self.fault(f"{sale.name}: {problem.code} does not say when to come back")
            return False
        if problem.code != "credit-line-exhausted":
            self.fault(f"{sale.name}: {problem.status} {problem.code}")
        elif sale.name in self.receipts:
            self.fault(f"{sale.name}: told {self.receipts[sale.name].number}, and later no")
        self.refused[sale.name] = problem.code
        return True
