"""Drafts written down as a sheet by the tests themselves come back as the very same drafts."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.sheets.elements import TRADES, Trade
from kaipiao.delivery.sheets.layout import BASIC, DETAIL, ELEMENT
from kaipiao.delivery.sheets.read import read_sheet
from kaipiao.fiscal import element
from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.sample import sample_drafts
from tests.sheets_made import as_csv, as_workbook

TREATMENTS = {"exempt": "免税", "untaxed": "不征税", "zero_rated": "零税率"}
NAMES = {trade.kind: name for name, trade in TRADES.items()}

Rows = list[dict[str, object]]


def as_sold(draft: Draft) -> Draft:
    """The draft as far as a sheet can say it: a seller's address and telephone have no column."""
    seller, buyer = draft.seller, draft.buyer
    return msgspec.structs.replace(
        draft, seller=msgspec.structs.replace(seller, address="", telephone=""), buyer=buyer
    )


def can_be_a_sheet(draft: Draft) -> bool:
    return draft.margin == "none" and all(
        (line.net_fen is None) != (line.gross_fen is None) and line.tax_fen is None
        for line in draft.lines
    )


def basic_row(key: str, draft: Draft) -> dict[str, object]:
    buyer, seller = draft.buyer, draft.seller
    return {
        "发票流水号": key,
        "发票类型": "增值税专用发票" if draft.kind == "special" else "普通发票",
        "特定业务类型": NAMES[type(draft.element)] if draft.element else "",
        "是否含税": "是" if draft.lines[0].net_fen is None else "否",
        "受票方自然人标识": "是" if buyer.natural_person else "否",
        **_party("购买方", buyer),
        "购买方地址": buyer.address,
        "购买方电话": buyer.telephone,
        "购买方开户银行": buyer.bank,
        "购买方银行账号": buyer.account,
        "备注": draft.remark,
        "销售方开户行": seller.bank,
        "销售方银行账号": seller.account,
        **_party("销售方", seller),
        "销售方类型": "一般纳税人" if draft.scheme == "general" else "小规模纳税人",
        "收款人": draft.payee,
        "复核人": draft.reviewer,
        "开票人": draft.issuer,
    }


def _party(side: str, party: Party) -> dict[str, object]:
    return {f"{side}名称": party.name, f"{side}纳税人识别号": party.taxpayer_id}


def detail_rows(key: str, draft: Draft) -> Iterator[dict[str, object]]:
    lines = list(draft.lines)
    for n, line in enumerate(lines):
        if line.nature == "discount":
            continue
        discount = lines[n + 1] if line.nature == "discounted" else None
        yield {
            "发票流水号": key,
            "项目名称": line.name,
            "商品和服务税收编码": line.tax_class,
            "规格型号": line.spec,
            "单位": line.unit,
            "数量": line.quantity,
            "单价": line.unit_price,
            "金额": format_yuan(_amount(line)),
            "税率": TREATMENTS.get(line.treatment, f"{line.rate_bp / 100:g}%"),
            "折扣金额": format_yuan(-_amount(discount)) if discount else "",
        }


def _amount(line: Line) -> int:
    amount = line.gross_fen if line.net_fen is None else line.net_fen
    assert amount is not None
    return amount


def element_rows(key: str, draft: Draft) -> Iterator[dict[str, object]]:
    if draft.element is None:
        return
    trade: Trade = TRADES[NAMES[type(draft.element)]]
    values = getattr(draft.element, trade.table) if trade.table else [draft.element]
    for value in values if trade.fields else []:
        yield {"发票流水号": key} | {
            heading: _shown(field, getattr(value, field)) for heading, field in trade.fields.items()
        }


def _shown(field: str, value: Any) -> object:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()
    return format_yuan(value) if field.endswith("_fen") else value


def as_tables(drafts: dict[str, Draft]) -> dict[str, Rows]:
    return {
        BASIC: [basic_row(key, draft) for key, draft in drafts.items()],
        DETAIL: [row for key, draft in drafts.items() for row in detail_rows(key, draft)],
        ELEMENT: [row for key, draft in drafts.items() for row in element_rows(key, draft)]
        or [{"发票流水号": ""}],
    }


def as_one_table(drafts: dict[str, Draft]) -> Rows:
    rows: Rows = []
    for key, draft in drafts.items():
        details, elements = list(detail_rows(key, draft)), list(element_rows(key, draft))
        for n in range(max(len(details), 1)):
            row = dict(basic_row(key, draft)) if n == 0 else {"发票流水号": key}
            row |= details[n] if n < len(details) else {}
            row |= elements[n] if n < len(elements) else {}
            rows.append(row)
    return rows


def some_drafts(seed: int, count: int = 12) -> dict[str, Draft]:
    lawful = filter(can_be_a_sheet, sample_drafts(seed))
    return {f"k-{n}": as_sold(draft) for n, draft in enumerate(islice(lawful, count))}


@given(st.integers(0, 10_000))
def test_a_workbook_of_three_sheets_says_what_the_drafts_said(seed: int) -> None:
    drafts = some_drafts(seed)

    found = {one.key: one.read for one in read_sheet(as_workbook(as_tables(drafts)))}

    assert found == drafts


@given(st.integers(0, 10_000), st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
       st.sampled_from([",", "\t", ";"]))  # fmt: skip
def test_one_table_says_the_same_in_any_encoding(seed: int, encoding: str, mark: str) -> None:
    drafts = {
        key: draft
        for key, draft in some_drafts(seed).items()
        # in one table each row of an element needs a line beside it
        if len(list(element_rows(key, draft))) <= len(list(detail_rows(key, draft)))
    }

    data = as_csv(as_one_table(drafts), encoding=encoding, delimiter=mark) if drafts else b""
    found = {one.key: one.read for one in read_sheet(data)} if drafts else {}

    assert found == drafts


def test_the_samples_hold_elements_of_every_form() -> None:
    kinds = {type(draft.element) for seed in range(40) for draft in some_drafts(seed).values()}

    assert {element.Construction, element.Freight, element.PropertyLease, element.Passenger} < kinds


@pytest.mark.parametrize("name", sorted(TRADES))
def test_every_trade_has_headings_for_all_its_fields_and_no_other(name: str) -> None:
    trade = TRADES[name]
    kind = trade.row or trade.kind

    assert set(trade.fields.values()) == set(kind.__struct_fields__)
