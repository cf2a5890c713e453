"""Parameters of paths and queries, each with the form that it must have."""

from datetime import date
from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from kaipiao.gateway.limits import MAX_PAGE

TAXPAYER_FORM = r"^[0-9A-Z]{15,20}$"
MONTH_FORM = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"


def _optional(pattern: str, description: str) -> QueryParameter:
    """A text that may be left out; Litestar would not tell its pattern otherwise."""
    return QueryParameter(
        pattern=pattern, description=description, schema_extra={"pattern": pattern}
    )


# In paths.  What has another form is not refused as malformed: there is nothing by that name.
NumberPath = Annotated[str, PathParameter(description="Twenty digits.")]
FormPath = Annotated[str, PathParameter(description="Twenty digits.")]
KeyPath = Annotated[str, PathParameter(description="A key's id.")]
CodePath = Annotated[str, PathParameter()]
TilePath = Annotated[str, PathParameter()]
SellerPath = Annotated[str, PathParameter(pattern=TAXPAYER_FORM)]
MonthPath = Annotated[str, PathParameter(pattern=MONTH_FORM)]

# In queries
Seller = Annotated[
    str, QueryParameter(pattern=TAXPAYER_FORM, description="The seller's taxpayer id.")
]
SellerOrNone = Annotated[str | None, _optional(TAXPAYER_FORM, "The seller's taxpayer id.")]
Taxpayer = Annotated[
    str, QueryParameter(pattern=TAXPAYER_FORM, description="The seller's or the buyer's id.")
]
Month = Annotated[str | None, _optional(MONTH_FORM, "A tax month: 2026-11.")]
Day = Annotated[date | None, QueryParameter(description="A Beijing day, included.")]
Key = Annotated[str | None, _optional(r"^[!-~]{1,128}$", "The key it was issued under.")]
DigestHex = Annotated[str | None, _optional(r"^[0-9a-f]{64}$", "Of the canonical draft, in hex.")]
AfterIndex = Annotated[
    int, QueryParameter(ge=0, le=2**53 - 1, description="The last page's `after`.")
]
AfterForm = Annotated[
    str, QueryParameter(pattern=r"^[0-9]{0,20}$", description="The last page's `after`.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="How many at most.")]
