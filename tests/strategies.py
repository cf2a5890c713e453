"""Drafts for tests: plain builders first, Hypothesis strategies below.

Every company is invented (see ``kaipiao.fiscal.sample``); every draft made here is lawful on
``DAY`` until a test changes it.
"""

from datetime import date

import msgspec
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.sample import company, sample_drafts
from kaipiao.fiscal.taxpayer import USCC_ALPHABET, resident_check, uscc_check

DAY = date(2026, 11, 24)
"""A working day under the law of 2026."""

SELLER: Party = company(1, "贸易")
BUYER: Party = company(2, "科技")
PERSON = Party(name="周示例", natural_person=True)


def make_line(**changes: object) -> Line:
    """An ordinary line at 13 %: 2 × 50.00 = 100.00 net, 13.00 tax."""
    line = Line(
        name="*文具*文件盒",
        tax_class="1060401010000000000",
        rate_bp=1300,
        net_fen=10_000,
        spec="A4",
        unit="个",
        quantity="2",
        unit_price="50",
    )
    return msgspec.structs.replace(line, **changes)


def lawful_draft(**changes: object) -> Draft:
    """An ordinary invoice of three lines: 100.00, 59.70 and 1234.00 net."""
    draft = Draft(
        kind="ordinary",
        seller=SELLER,
        buyer=BUYER,
        lines=(
            make_line(),
            make_line(
                name="*谷物加工品*大米",
                tax_class="1030102010100000000",
                rate_bp=900,
                net_fen=5_970,
                spec="5kg",
                unit="袋",
                quantity="3",
                unit_price="19.9",
            ),
            make_line(
                name="*信息技术服务*系统维护",
                tax_class="3040201030000000000",
                rate_bp=600,
                net_fen=123_400,
                spec="",
                unit="次",
                quantity="1",
                unit_price="1234",
            ),
        ),
        issuer="赵示例",
        remark="合同编号 HT-00001",
    )
    return msgspec.structs.replace(draft, **changes)


def make_draft(n: int, **changes: object) -> Draft:
    """The ``n``-th of many different lawful drafts, all of SELLER's; amounts depend on ``n``."""
    lines = (
        make_line(net_fen=100 + n, quantity="", unit_price=""),
        make_line(net_fen=20_000 + 7 * n, quantity="", unit_price="", rate_bp=600),
        make_line(net_fen=5_000, quantity="10", unit_price="5"),
    )
    whole: dict[str, object] = {
        "lines": lines,
        "buyer": company(10_000 + n % 50_000, "科技"),
        "remark": f"订单 {n}",
    }
    return lawful_draft(**(whole | changes))


def make_discount(line: Line, off_fen: int) -> tuple[Line, Line]:
    """``line`` as a discounted line, and its discount of ``off_fen`` (positive) after it."""
    discount = make_line(
        name=line.name,
        tax_class=line.tax_class,
        rate_bp=line.rate_bp,
        treatment=line.treatment,
        net_fen=None if line.net_fen is None else -off_fen,
        gross_fen=None if line.net_fen is not None else -off_fen,
        nature="discount",
        spec="",
        unit="",
        quantity="",
        unit_price="",
    )
    return msgspec.structs.replace(line, nature="discounted"), discount


# Strategies

GENERAL_RATES = (1300, 900, 600, 300)

amounts = st.integers(min_value=1, max_value=10**12)
"""Fen, from one fen to ten billion yuan."""

usccs = st.text(USCC_ALPHABET, min_size=17, max_size=17).map(lambda body: body + uscc_check(body))
"""Unified social credit codes with a right check character."""

resident_ids = st.from_regex(r"[1-9][0-9]{16}", fullmatch=True).map(
    lambda body: body + resident_check(body)
)

words = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5) | st.sampled_from("AZaz09-()（）"),
    min_size=1,
    max_size=30,
)
"""Ordinary text: Chinese characters, letters, digits, a little punctuation."""


@st.composite
def lawful_lines(draw: st.DrawFn, *, treatment: str = "taxed") -> Line:
    """One normal line with any of the ways to give its amounts."""
    rate_bp = draw(st.sampled_from(GENERAL_RATES)) if treatment == "taxed" else 0
    amount_fen = draw(amounts)
    with_tax = draw(st.booleans())
    return Line(
        name=f"*{draw(words)}*{draw(words)}",
        tax_class=draw(st.from_regex(r"[1-6][0-9]{18}", fullmatch=True)),
        rate_bp=rate_bp,
        net_fen=None if with_tax else amount_fen,
        gross_fen=amount_fen if with_tax else None,
        spec=draw(st.just("") | words),
        unit=draw(st.sampled_from(["", "个", "台", "kg"])),
        treatment=treatment,  # type: ignore[arg-type]
    )


@st.composite
def lawful_drafts(draw: st.DrawFn, *, max_lines: int = 6) -> Draft:
    """A lawful draft of a general taxpayer: discounts, prices with tax, exempt sales and all."""
    kind = draw(st.sampled_from(["ordinary", "special"]))
    treatments = ["taxed"] if kind == "special" else ["taxed", "taxed", "exempt", "untaxed"]
    lines: list[Line] = []
    for _ in range(draw(st.integers(1, max_lines))):
        line = draw(lawful_lines(treatment=draw(st.sampled_from(treatments))))
        amount_fen = line.net_fen or line.gross_fen or 0
        if amount_fen > 1 and draw(st.integers(0, 3)) == 0:
            lines += make_discount(line, draw(st.integers(1, amount_fen - 1)))
        else:
            lines.append(line)
    person = kind == "ordinary" and draw(st.booleans())
    return lawful_draft(
        kind=kind,
        lines=tuple(lines),
        buyer=PERSON if person else company(draw(st.integers(10_000, 99_999)), "科技"),
        remark=draw(st.just("") | words),
    )


@st.composite
def sampled_drafts(draw: st.DrawFn) -> Draft:
    """One of the product's own sample drafts: every trade, every element that it has."""
    drafts = sample_drafts(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(0, 20))):
        next(drafts)
    return next(drafts)
