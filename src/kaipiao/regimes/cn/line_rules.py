"""Rules about lines one by one: their names, classes, rates, quantities, and the discounts."""

import re
from collections.abc import Iterator

from kaipiao.fiscal.decimals import (
    DECIMALS,
    FEN_PRODUCT,
    INTEGER_DIGITS,
    product_error,
    read_decimal,
)
from kaipiao.fiscal.draft import Draft, Line, Scheme
from kaipiao.fiscal.element import element_code
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.catalogue import objection
from kaipiao.regimes.cn.law import Context
from kaipiao.regimes.cn.limits import LINES_MAX
from kaipiao.regimes.cn.rates import format_rate

_NAME = re.compile(r"\*[^*\s][^*]*\*.*\S.*", re.DOTALL)
_SCHEMES: dict[Scheme, tuple[str, str]] = {
    "general": ("一般纳税人", "general"),
    "small_scale": ("小规模纳税人", "small-scale"),
}


def check_line_count(draft: Draft, context: Context) -> Iterator[Violation]:
    count = len(draft.lines)
    if count == 0:
        yield objection("lines-missing", "/lines")
    elif count > LINES_MAX:
        yield objection("lines-too-many", "/lines", count=count, limit=LINES_MAX)


def is_item_name(name: str) -> bool:
    """Whether it reads ``*short category*item``."""
    return _NAME.fullmatch(name) is not None


def is_tax_class(text: str) -> bool:
    """Whether it is nineteen digits; whether the table has it is not asked."""
    return len(text) == 19 and text.isascii() and text.isdigit()


def check_names(draft: Draft, context: Context) -> Iterator[Violation]:
    """Our own lines are named and classified as the platform prints them."""
    for index, line in enumerate(draft.lines):
        if line.name.strip() and not is_item_name(line.name):
            yield objection("name-form", f"/lines/{index}/name")
        if not is_tax_class(line.tax_class):
            yield objection("tax-class-malformed", f"/lines/{index}/tax_class")


def check_rates(draft: Draft, context: Context) -> Iterator[Violation]:
    """A rate is in force on the day, and this seller may use it for this sale.

    A red letter repeats the rate of its original, whatever the day.
    """
    for index, line in enumerate(draft.lines):
        path = f"/lines/{index}/rate_bp"
        if line.treatment != "taxed":
            if line.rate_bp != 0:
                yield objection("rate-must-be-zero", path)
        elif line.rate_bp == 0:
            yield objection("rate-zero", path)
        elif draft.reversal is None:
            yield from _check_rate(draft, line, path, context)


def check_quantities(draft: Draft, context: Context) -> Iterator[Violation]:
    """Quantity and unit price: both or neither, exact decimals, and their product the amount."""
    for index, line in enumerate(draft.lines):
        if not (line.quantity or line.unit_price):
            continue
        path = f"/lines/{index}"
        if line.nature == "discount":
            continue  # check_discounts objects
        if not (line.quantity and line.unit_price):
            yield objection(
                "quantity-price-pair", f"{path}/{'unit_price' if line.quantity else 'quantity'}"
            )
        yield from _check_product(draft, line, path, context)


def check_discounts(draft: Draft, context: Context) -> Iterator[Violation]:
    """A discount follows directly after its line and is like it.

    A red letter takes back lines already merged with their discounts, so it has none.
    """
    if draft.reversal is not None:
        return
    previous: Line | None = None
    for index, line in enumerate(draft.lines):
        path = f"/lines/{index}"
        if line.nature == "discount":
            yield from _check_discount(line, previous, path)
        elif previous is not None and previous.nature == "discounted":
            yield objection("discounted-without-discount", f"/lines/{index - 1}/nature")
        previous = line
    if previous is not None and previous.nature == "discounted":
        yield objection("discounted-without-discount", f"/lines/{len(draft.lines) - 1}/nature")


def _check_rate(draft: Draft, line: Line, path: str, context: Context) -> Iterator[Violation]:
    law, rate_bp = context.law, line.rate_bp
    rate = law.rates.get(rate_bp)
    if rate is None:
        allowed = ", ".join(format_rate(bp) for bp in sorted(law.rates, reverse=True)) or "-"
        yield objection(
            "rate-not-in-force",
            path,
            rate=format_rate(rate_bp),
            on=law.on.isoformat(),
            allowed=allowed,
        )
    elif context.outside:
        return  # what kind of taxpayer issued it is not on the document
    elif draft.scheme not in rate.schemes:
        yield _wrong_scheme(draft.scheme, rate_bp, path, context)
    elif rate.elements and (
        draft.element is None or element_code(draft.element) not in rate.elements
    ):
        yield objection(
            "rate-not-for-sale",
            path,
            rate=format_rate(rate_bp),
            on=law.on.isoformat(),
            what=rate.what,
            elements=", ".join(sorted(rate.elements)),
        )


def _wrong_scheme(scheme: Scheme, rate_bp: int, path: str, context: Context) -> Violation:
    zh, en = _SCHEMES[scheme]
    possible = [rate.bp for rate in context.law.rates.values() if scheme in rate.schemes]
    return objection(
        "rate-not-for-scheme",
        path,
        zh_scheme=zh,
        en_scheme=en,
        rate=format_rate(rate_bp),
        allowed=", ".join(format_rate(bp) for bp in sorted(possible, reverse=True)),
    )


def _check_product(draft: Draft, line: Line, path: str, context: Context) -> Iterator[Violation]:
    quantity = read_decimal(line.quantity) if line.quantity else None
    unit_price = read_decimal(line.unit_price) if line.unit_price else None
    for field, text, value in (
        ("quantity", line.quantity, quantity),
        ("unit_price", line.unit_price, unit_price),
    ):
        if text and value is None:
            yield objection(
                "decimal-malformed",
                f"{path}/{field}",
                text=ascii(text[:40]),
                whole=INTEGER_DIGITS,
                decimals=DECIMALS,
            )
        elif value is not None and not _has_right_sign(draft, field, value, context):
            yield objection("quantity-price-sign", f"{path}/{field}")
    amount_fen = line.gross_fen if line.net_fen is None else line.net_fen
    if quantity is None or unit_price is None or amount_fen is None:
        return
    limit_fen = context.law.tolerances.product_fen
    if product_error(quantity, unit_price, amount_fen) > limit_fen * FEN_PRODUCT:
        yield objection(
            "quantity-price-off",
            f"{path}/quantity",
            amount=format_yuan(amount_fen),
            limit=format_yuan(limit_fen),
        )


def _has_right_sign(draft: Draft, field: str, value: int, context: Context) -> bool:
    if draft.reversal is not None and field == "quantity":
        return value < 0
    return value > 0 or (context.outside and value < 0)


def _check_discount(line: Line, above: Line | None, path: str) -> Iterator[Violation]:
    if line.quantity or line.unit_price or line.spec or line.unit:
        yield objection("discount-with-quantity", path)
    if above is None or above.nature != "discounted":
        yield objection("discount-without-line", f"{path}/nature")
        return
    if _sort(line) != _sort(above):
        yield objection("discount-differs", path)


def _sort(line: Line) -> tuple[str, str, int, str]:
    """What a discount must share with its line."""
    return line.name, line.tax_class, line.rate_bp, line.treatment
