"""The naive stack: an ORM, and one transaction an invoice, the way most teams would write it.

A repeat is looked for, the credit line and the gap-free counter are locked, the row is added,
and all of it is committed: five statements, six round trips.  The hot lock is taken last.
"""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from sqlalchemy import BigInteger, DateTime, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.stacks.shape import DraftIn, ReceiptOut
from kaipiao.app.clock import SystemClock

POOL = 16


async def connect() -> Any:
    return await asyncpg.connect(os.environ["BENCH_DSN"])


engine = create_async_engine(
    "postgresql+asyncpg://", async_creator=connect, pool_size=POOL, max_overflow=0
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()
clock = SystemClock()


class Base(DeclarativeBase):
    pass


class Counter(Base):
    __tablename__ = "naive_counter"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    next_serial: Mapped[int] = mapped_column(BigInteger)


class CreditLine(Base):
    __tablename__ = "naive_credit_line"
    seller: Mapped[str] = mapped_column(Text, primary_key=True)
    limit_fen: Mapped[int] = mapped_column(BigInteger)
    drawn_fen: Mapped[int] = mapped_column(BigInteger)


class Invoice(Base):
    __tablename__ = "naive_invoice"
    number: Mapped[str] = mapped_column(Text, primary_key=True)
    seller: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    net_fen: Mapped[int] = mapped_column(BigInteger)
    tax_fen: Mapped[int] = mapped_column(BigInteger)
    draft: Mapped[dict[str, Any]] = mapped_column(JSONB)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as one:
        yield one


@app.post("/v1/invoices", status_code=201)
async def issue(
    draft: DraftIn,
    response: Response,
    session: Annotated[AsyncSession, Depends(session)],
    idempotency_key: Annotated[str, Header(max_length=128)],
) -> ReceiptOut:
    seller = draft.seller.taxpayer_id
    again = await session.scalar(
        select(Invoice).where(Invoice.seller == seller, Invoice.key == idempotency_key)
    )
    if again is not None:
        response.status_code = 200
        return receipt(again)

    credit = await session.get(CreditLine, seller, with_for_update=True)
    if credit is None or credit.drawn_fen + draft.net_fen > credit.limit_fen:
        raise HTTPException(409, "no credit")
    credit.drawn_fen += draft.net_fen
    await session.flush()

    counter = await session.get_one(Counter, "invoice", with_for_update=True)
    invoice = Invoice(
        number=f"26311{counter.next_serial:015}",
        seller=seller,
        key=idempotency_key,
        issued_at=clock.now(),
        net_fen=draft.net_fen,
        tax_fen=draft.tax_fen,
        draft=draft.model_dump(mode="json", exclude_defaults=True),
    )
    counter.next_serial += 1
    session.add(invoice)
    await session.commit()
    return receipt(invoice)


def receipt(invoice: Invoice) -> ReceiptOut:
    return ReceiptOut(
        number=invoice.number,
        issued_at=invoice.issued_at,
        seller=invoice.seller,
        key=invoice.key,
        net_fen=invoice.net_fen,
        tax_fen=invoice.tax_fen,
    )
