"""Parameters of paths and queries, each with the form that it must have."""

from datetime import date
from typing import Annotated

from litestar.params import PathParameter, QueryParameter

TAXPAYER_FORM = r"^[0-9A-Z]{15,20}$"
MONTH_FORM = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"

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
SellerOrNone = Annotated[
    str | None, QueryParameter(pattern=TAXPAYER_FORM, description="The seller's taxpayer id.")
]
Taxpayer = Annotated[
    str, QueryParameter(pattern=TAXPAYER_FORM, description="The seller's or the buyer's id.")
]
Month = Annotated[
    str | None, QueryParameter(pattern=MONTH_FORM, description="A tax month: 2026-11.")
]
Day = Annotated[date | None, QueryParameter(description="A Beijing day, included.")]
Key = Annotated[
    str | None,
    QueryParameter(pattern=r"^[!-~]{1,128}$", description="The key it was issued under."),
]
DigestHex = Annotated[
    str | None,
    QueryParameter(pattern=r"^[0-9a-f]{64}$", description="Of the canonical draft, in hex."),
]
AfterIndex = Annotated[int, QueryParameter(ge=0, le=2**62, description="The last page's `after`.")]
AfterForm = Annotated[
    str, QueryParameter(pattern=r"^[0-9]{0,20}$", description="The last page's `after`.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]
