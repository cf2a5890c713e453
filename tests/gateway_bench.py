"""A gateway on a fresh database, and callers with keys of every kind."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest_asyncio

from kaipiao.delivery.sheets.listing import write_list
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.listing import ExportAsk
from kaipiao.gateway.asgi import build_app
from kaipiao.gateway.front import Front
from kaipiao.gateway.identity import compose_token, hash_token
from kaipiao.gateway.limits import Limits
from kaipiao.gateway.orders import Outward
from kaipiao.gateway.wiring import Health, Services
from kaipiao.issuing.confirm import Confirming
from kaipiao.issuing.issue import Issuing
from kaipiao.issuing.reverse import Reversing
from kaipiao.issuing.verify import Verifying
from kaipiao.ledger.store import Store
from kaipiao.ports import ApiKey
from kaipiao.regimes.cn.passage import passage_on
from kaipiao.regimes.cn.policy import confirm_within
from kaipiao.regimes.cn.rules import check, check_composed
from tests.clocks import StoppedClock
from tests.stores import NOVEMBER
from tests.strategies import SELLER

ALL = frozenset({"issue", "read", "confirm", "grant", "deliver", "admin", "audit"})
ORIGIN = "http://cell"
LOG_ORIGIN = "kaipiao.example/31-1"
PUBLIC = "https://cell.example"
"""Where others reach it: what download links begin with."""


class Bench:
    """One process's gateway, with its callers."""

    def __init__(self, services: Services, store: Store) -> None:
        self.services = services
        self.store = store
        self.app: Front = build_app(services)
        self._keys = 0

    async def key(self, *taxpayers: str, may: frozenset[str] = ALL, **changes: Any) -> str:
        """A new API key's token."""
        self._keys += 1
        key_id = f"k{self._keys}"
        token = compose_token(key_id)
        key = ApiKey(
            key_id=key_id,
            tenant="t",
            name="test",
            may=may,
            taxpayers=frozenset(taxpayers or ("*",)),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        await self.store.directory.add_key(
            msgspec.structs.replace(key, **changes), hash_token(token)
        )
        return token

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    async def left_fen(self) -> int:
        line = await self.store.credit.line(SELLER.taxpayer_id, month=NOVEMBER)
        return line.left_fen if line else 0


def exporter(store: Store) -> Callable[[ExportAsk], AsyncIterator[bytes]]:
    """As ``app.export``, without a process of its own."""

    async def export(ask: ExportAsk) -> AsyncIterator[bytes]:
        pieces: list[bytes] = []
        found = store.scan.invoices(ask.seller, since=ask.since, until=ask.until)
        await write_list(found, ask.form, pieces.append)
        for piece in pieces:
            yield piece

    return export


async def open_bench(
    store: Store,
    clock: StoppedClock,
    *,
    limits: Limits | None = None,
    log_folder: Path | None = None,
    log_vkey: str = "",
    **changes: Any,
) -> Bench:
    async def health() -> Health:
        return Health(ledger="up", log="up", worker="up", log_size=0, checkpoint_age_s=0.5)

    reversing = Reversing(
        ledger=store.ledger,
        uses=store.uses,
        confirmations=store.confirmations,
        clock=clock,
        law=check_composed,
    )
    whole: dict[str, Any] = {
        "issuing": Issuing(ledger=store.ledger, clock=clock, law=check, passage=passage_on),
        "reversing": reversing,
        "confirming": Confirming(
            reversing=reversing,
            uses=store.uses,
            confirmations=store.confirmations,
            clock=clock,
            answer_within=confirm_within,
        ),
        "verifying": Verifying(
            ledger=store.ledger, counter=store.verify_counter, clock=clock, daily_limit=5
        ),
        "ledger": store.ledger,
        "credit": store.credit,
        "directory": store.directory,
        "audit": store.audit,
        "imports": store.imports,
        "seals": store.seals,
        "log_origin": LOG_ORIGIN,
        "export": exporter(store),
        "clock": clock,
        "outward": Outward(
            deliveries=store.deliveries,
            orders=store.orders,
            links=store.links,
            key=b"k" * 32,
            has_relay=True,
            public_url=PUBLIC,
        ),
        "health": health,
        "version": "0.0",
        "log_folder": log_folder,
        "log_vkey": log_vkey,
        "limits": limits or Limits(),
    }
    return Bench(Services(**(whole | changes)), store)


@pytest_asyncio.fixture
async def bench(store: Store, clock: StoppedClock) -> Bench:
    return await open_bench(store, clock)


@pytest_asyncio.fixture
async def client(bench: Bench) -> AsyncIterator[httpx.AsyncClient]:
    """A caller who may do everything for everyone; SELLER has ten million yuan of credit."""
    await bench.store.credit.grant(SELLER.taxpayer_id, 10**9, month=NOVEMBER)
    async with bench.client(await bench.key()) as client:
        yield client


def as_json(draft: Draft) -> Any:
    return msgspec.json.decode(msgspec.json.encode(draft))


def named(key: str, **more: str) -> dict[str, str]:
    """The headers of a call that carries this key."""
    return {"idempotency-key": key, **more}
