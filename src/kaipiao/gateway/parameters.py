"""Parameters of paths and queries, each with the form that it must have."""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from kaipiao.gateway.limits import MAX_PAGE

TAXPAYER_FORM = "[0-9A-Z]{15,20}"
MONTH_FORM = "20[0-9]{2}-(0[1-9]|1[0-2])"
DAY_FORM = (
    "20[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|20([02468][048]|[13579][26])-02-29"
)


def _query(form: str, description: str) -> QueryParameter:
    return QueryParameter(pattern=f"^({form})$", description=description)


def _optional(form: str, description: str) -> QueryParameter:
    """Empty when it is left out; ``failing.py`` refuses one that is given and empty.

    Not ``None``: Litestar would take the text ``null`` for it, and ignore the filter.
    """
    return QueryParameter(
        pattern=f"^({form})?$", description=description, schema_extra={"pattern": f"^({form})$"}
    )


# In paths.  What has another form is not refused as malformed: there is nothing by that name.
NumberPath = Annotated[str, PathParameter(description="Twenty digits.")]
KindPath = Annotated[
    str,
    PathParameter(
        description="xml, xbrl, ofd, pdf or png; or ofd-xbrl or pdf-xbrl, with the XBRL inside."
    ),
]
FormPath = Annotated[str, PathParameter(description="Twenty digits.")]
ImportPath = Annotated[str, PathParameter(description="Thirty-two hex digits.")]
KeyPath = Annotated[str, PathParameter(description="A key's id.")]
VendorPath = Annotated[str, PathParameter(description="A vendor's name in vendors.json.")]
OrderPath = Annotated[str, PathParameter(description="A webhook's or mail rule's id.")]
DeliveryPath = Annotated[str, PathParameter(description="A delivery's id.")]
LinkPath = Annotated[str, PathParameter(description="A link's id.")]
TokenPath = Annotated[str, PathParameter(description="The last part of a download link.")]
EventPath = Annotated[str, PathParameter(description="An audit event's id.")]
CodePath = Annotated[str, PathParameter()]
TilePath = Annotated[str, PathParameter()]
LeafPath = Annotated[str, PathParameter(description="An entry of the log: 64 hex digits.")]
VkeyPath = Annotated[str, PathParameter(description="A verifier key's id: eight hex digits.")]
SellerPath = Annotated[str, PathParameter(pattern=f"^{TAXPAYER_FORM}$")]
MonthPath = Annotated[str, PathParameter(pattern=f"^{MONTH_FORM}$")]

# In queries.
Seller = Annotated[str, _query(TAXPAYER_FORM, "The seller's taxpayer id.")]
SellerIfAny = Annotated[str, _optional(TAXPAYER_FORM, "The seller's taxpayer id.")]
Taxpayer = Annotated[str, _query(TAXPAYER_FORM, "The seller's or the buyer's id.")]
Month = Annotated[str, _optional(MONTH_FORM, "A tax month: 2026-11.")]
Day = Annotated[str, _optional(DAY_FORM, "A Beijing day, included: 2026-11-24.")]
Key = Annotated[str, _optional("[!-~]{1,128}", "The key it was issued under.")]
DigestHex = Annotated[str, _optional("[0-9a-f]{64}", "Of the canonical draft, in hex.")]
ReceiptNeed = Annotated[
    str, _query("required|if-ready", "Whether the document must carry the invoice's receipt.")
]
KindQuery = Annotated[str, _query("pdf|ofd|xml|png|xbrl", "Which kind of document.")]
NamedMonth = Annotated[str, _query(MONTH_FORM, "A tax month: 2026-11.")]
NumberIfAny = Annotated[str, _optional("[0-9]{20}", "An invoice's number, or a form's id.")]
OrderIfAny = Annotated[str, _optional("[a-z]{2}_[0-9a-f]{16}", "A webhook's or mail rule's id.")]
DeliveryStateIfAny = Annotated[
    str, _optional("waiting|sending|delivered|dead|cancelled", "How the deliveries stand.")
]
Before = Annotated[
    int, QueryParameter(ge=0, le=2**53 - 1, description="The last page's `before`; 0: the newest.")
]
AfterIndex = Annotated[
    int, QueryParameter(ge=0, le=2**53 - 1, description="The last page's `after`.")
]
BeforePlace = Annotated[
    int,
    QueryParameter(ge=-1, le=2**53 - 1, description="The last page's `before`; -1: the newest."),
]
ActorIfAny = Annotated[str, _optional("[!-~]{1,64}", "Who did it: a key's id, or a user id.")]
ActionIfAny = Annotated[str, _optional("[a-z_]{1,30}[.][a-z_]{1,30}", "What was done.")]
ObjectIfAny = Annotated[
    str, _optional(r"[^\x00-\x1f\x7f]{1,200}", "What it was done to, exactly as an event says it.")
]
AfterForm = Annotated[str, _optional("[0-9]{1,20}", "The last page's `after`.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="How many at most.")]
ExportForm = Annotated[
    str,
    QueryParameter(
        pattern="^(xlsx|csv|ndjson)$",
        description="Of the file: a workbook, a table, or an invoice a line.",
    ),
]
FileName = Annotated[
    str, _optional(r"[^\x00-\x1f\x7f/\\]{1,200}", "How the file is called, for people.")
]
