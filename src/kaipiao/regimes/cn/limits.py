"""How long texts may be, and how many lines: the hard limits, and the web page's tighter ones.

The hard limits are the direct-connect interface's field tables.  The tables count in their
own units; that they are characters, not bytes, is unconfirmed.
"""

from datetime import date

from kaipiao.regimes.cn.dated import Dated

DIGITAL = date(2021, 12, 1)
"""The first digital invoices were issued in December 2021."""

TABLES = "direct-connect interface, field tables"
GUESSED = "unconfirmed: no limit is known for this field; the widest of its neighbours is used"


class TextLimit(Dated, frozen=True, kw_only=True):
    """One text of a draft.  ``path`` is a JSON pointer from the draft or, for a line, from it."""

    path: str
    zh: str
    en: str
    hard: int
    web: int | None = None
    required: bool = False
    since: date = DIGITAL
    source: str = TABLES


HEADER_TEXTS: tuple[TextLimit, ...] = (
    TextLimit(
        path="/seller/name", zh="销方名称", en="seller name", hard=300, web=100, required=True
    ),
    TextLimit(path="/seller/taxpayer_id", zh="销方识别号", en="seller id", hard=20, required=True),
    TextLimit(path="/seller/address", zh="销方地址", en="seller address", hard=300),
    TextLimit(path="/seller/telephone", zh="销方电话", en="seller telephone", hard=60),
    TextLimit(path="/seller/bank", zh="销方开户行", en="seller bank", hard=120),
    TextLimit(path="/seller/account", zh="销方账号", en="seller account", hard=50),
    TextLimit(path="/buyer/name", zh="购方名称", en="buyer name", hard=300, web=100, required=True),
    TextLimit(path="/buyer/taxpayer_id", zh="购方识别号", en="buyer id", hard=20),
    TextLimit(path="/buyer/address", zh="购方地址", en="buyer address", hard=300),
    TextLimit(path="/buyer/telephone", zh="购方电话", en="buyer telephone", hard=60),
    TextLimit(path="/buyer/bank", zh="购方开户行", en="buyer bank", hard=120),
    TextLimit(path="/buyer/account", zh="购方账号", en="buyer account", hard=50),
    TextLimit(path="/issuer", zh="开票人", en="issuer", hard=150, required=True, source=GUESSED),
    TextLimit(path="/payee", zh="收款人", en="payee", hard=150),
    TextLimit(path="/reviewer", zh="复核人", en="reviewer", hard=75),
    TextLimit(path="/remark", zh="备注", en="remark", hard=450, web=200),
)

LINE_TEXTS: tuple[TextLimit, ...] = (
    TextLimit(path="/name", zh="项目名称", en="item name", hard=720, web=100, required=True),
    TextLimit(path="/spec", zh="规格型号", en="spec", hard=150, web=40),
    TextLimit(path="/unit", zh="单位", en="unit", hard=300, web=22),
)

RED_REMARK_MAX = 382
"""A red letter's own remark: the rest of the 450 names the original and the form."""

ELEMENT_TEXT_MAX = 300
"""Any text of a special-business element (unconfirmed)."""

LINES_MAX = 2000
"""Lines of one invoice, counting discounts."""
