"""The draft and the receipt as both FastAPI stacks declare them, and the sums they check."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PartyIn(Strict):
    name: str = Field(min_length=1, max_length=300)
    taxpayer_id: str = Field(default="", max_length=20)
    address: str = ""
    telephone: str = ""
    bank: str = ""
    account: str = ""
    natural_person: bool = False


class LineIn(Strict):
    name: str = Field(min_length=1, max_length=720)
    tax_class: str = Field(pattern=r"^[0-9]{19}$")
    rate_bp: int = Field(ge=0, le=10_000)
    net_fen: int
    spec: str = ""
    unit: str = ""
    quantity: str = ""
    unit_price: str = ""

    @property
    def tax_fen(self) -> int:
        return (self.net_fen * self.rate_bp + 5_000) // 10_000


class DraftIn(Strict):
    kind: Literal["special", "ordinary"]
    seller: PartyIn
    buyer: PartyIn
    lines: list[LineIn] = Field(min_length=1, max_length=2_000)
    issuer: str
    payee: str = ""
    reviewer: str = ""
    remark: str = ""

    @property
    def net_fen(self) -> int:
        return sum(line.net_fen for line in self.lines)

    @property
    def tax_fen(self) -> int:
        return sum(line.tax_fen for line in self.lines)


class ReceiptOut(BaseModel):
    number: str
    issued_at: datetime
    seller: str
    key: str
    net_fen: int
    tax_fen: int
