"""The good stack: what a careful team builds when the naive one is too slow.

No ORM, a pool of prepared connections, and everything an invoice needs in one function of the
database: one round trip, one commit.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
from fastapi import FastAPI, Header, HTTPException, Request, Response

from bench.stacks.shape import DraftIn, ReceiptOut

POOL = 16


@asynccontextmanager
async def living(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=POOL, max_size=POOL) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=living)


@app.post("/v1/invoices", status_code=201)
async def issue(
    draft: DraftIn,
    request: Request,
    response: Response,
    idempotency_key: Annotated[str, Header(max_length=128)],
) -> ReceiptOut:
    seller, net_fen, tax_fen = draft.seller.taxpayer_id, draft.net_fen, draft.tax_fen
    try:
        row = await request.app.state.pool.fetchrow(
            "SELECT * FROM good_issue($1, $2, $3, $4, $5)",
            seller,
            idempotency_key,
            net_fen,
            tax_fen,
            draft.model_dump_json(exclude_defaults=True),
        )
    except asyncpg.RaiseError as error:
        raise HTTPException(409, str(error)) from error
    if row["replayed"]:
        response.status_code = 200
    return ReceiptOut(
        number=row["number"],
        issued_at=row["issued_at"],
        seller=seller,
        key=idempotency_key,
        net_fen=net_fen,
        tax_fen=tax_fen,
    )
