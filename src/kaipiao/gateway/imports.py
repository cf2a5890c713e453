"""``/v1/imports``: a file of sales, issued in the background (导入).

    POST /v1/imports                     a sheet or NDJSON: 202, and where to look
    GET  /v1/imports/{id}                how far it is
    GET  /v1/imports/{id}/events         the same as it happens (``import_events.py``)
    GET  /v1/imports/{id}/result         the same file, with what became of each row
    POST /v1/imports/{id}/cancel         stop after the rows in hand

The upload is kept before it is answered, so neither our end nor the caller's loses it.  It is
issued in the name of the key that uploaded it, and for no taxpayer that this key may not act for.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from kaipiao.base.canonical import digest
from kaipiao.errors import ImportNotEnded, NoSuchImport, NotAllowed
from kaipiao.fiscal.imports import ENDED, STATE_NAMES, Format, Import, State
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.calls import AnyRequest, caller_of, respond, visit_of
from kaipiao.gateway.reading import check_media_type, idempotency_key
from kaipiao.gateway.refusals import DocumentUnreadable
from kaipiao.gateway.visit import JSON, NO_STORE, Answer, Header
from kaipiao.gateway.wiring import Services
from kaipiao.ports import ApiKey, ImportRoom, Imports

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
FORMATS: Mapping[bytes, Format] = {
    XLSX.encode(): "xlsx",
    CSV.encode(): "csv",
    NDJSON.encode(): "ndjson",
    b"application/ndjson": "ndjson",
    b"application/jsonl": "ndjson",
}
MEDIA_TYPES: Mapping[Format, str] = {"xlsx": XLSX, "csv": f"{CSV}; charset=utf-8", "ndjson": NDJSON}
_EMPTY_ZH = "文件为空。请选择文件后再上传。"
_EMPTY_EN = "it is empty. Choose a file and send it again."
REPLAYED: Header = (b"idempotency-replayed", b"true")


class CountsView(msgspec.Struct, frozen=True):
    """Rows that have their outcome."""

    done: int
    issued: int
    replayed: int  # issued before, under the same key
    refused: int
    skipped: int  # cancelled, so not issued


class ImportView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An import as it stands now.  ``version`` rises with every change."""

    import_id: str
    name: str
    format: Format
    size_bytes: int
    state: State
    state_zh: str
    state_en: str
    total: int | None  # invoices in the file, once it was read
    counts: CountsView
    version: int
    uploaded_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    zh: str = ""  # why it failed or was cancelled
    en: str = ""


class ImportList(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first."""

    imports: tuple[ImportView, ...]


class ImportCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._imports = services.imports
        self._clock = services.clock
        self._limits = services.limits

    def handlers(self) -> list[HTTPRouteHandler]:
        path = "/v1/imports"
        return [
            post(path, operation_id="upload_import", status_code=202)(self.upload),
            get(path, operation_id="list_imports")(self.list_imports),
            get(f"{path}/{{import_id:str}}", operation_id="read_import")(self.read),
            get(f"{path}/{{import_id:str}}/result", operation_id="read_import_result")(
                self.result
            ),
            post(
                f"{path}/{{import_id:str}}/cancel", operation_id="cancel_import", status_code=200
            )(self.cancel),
        ]  # fmt: skip

    async def upload(
        self, request: AnyRequest, name: parameters.FileName = ""
    ) -> Response[ImportView]:
        """Upload a sheet (XLSX, CSV) or NDJSON to be issued in the background.

        Answers 202 as soon as the file is kept.  The same key with the same file answers 200 with
        how it stands now; nothing is issued twice, however often it is uploaded.
        """
        caller, visit = caller_of(request, "issue"), visit_of(request)
        check_media_type(visit, frozenset(FORMATS))
        key = idempotency_key(visit)
        content = await request.body()
        if not content:
            raise DocumentUnreadable(where="-", why_zh=_EMPTY_ZH, why_en=_EMPTY_EN)
        new = Import(
            import_id=import_id_of(caller.tenant, key),
            tenant=caller.tenant,
            key_id=caller.key_id,
            taxpayers=caller.taxpayers,
            name=name,
            format=FORMATS[visit.media_type.partition(b";")[0].strip().lower()],
            size_bytes=len(content),
            state="waiting",
            uploaded_at=self._clock.now(),
            changed_at=self._clock.now(),
        )
        limits = self._limits
        room = ImportRoom(
            open_imports=limits.max_open_imports, stored_bytes=limits.max_kept_import_bytes
        )
        facts = {"name": name, "format": new.format, "size_bytes": new.size_bytes}
        async with self._acts.doing(
            request, "import.start", new.import_id, rule="issue", **facts
        ) as act:
            kept, was_there = await self._imports.add(
                new, content, asked=digest(content), key=key, room=room
            )
            act.note(replayed=was_there)
        headers = (JSON, NO_STORE, (b"location", f"/v1/imports/{kept.import_id}".encode()))
        body = msgspec.json.encode(view_import(kept))
        if was_there:
            return respond(Answer(200, body, (*headers, REPLAYED)))
        return respond(Answer(202, body, headers))

    async def list_imports(self, request: AnyRequest, limit: parameters.Limit = 100) -> ImportList:
        """The imports of your tenant, newest first."""
        caller = caller_of(request, "read")
        tenant = "*" if is_operator(caller) else caller.tenant
        found = await self._imports.of_tenant(tenant, limit=limit)
        return ImportList(imports=tuple(view_import(one) for one in found if may_see(caller, one)))

    async def read(self, request: AnyRequest, import_id: parameters.ImportPath) -> ImportView:
        """How far an import is."""
        return view_import(
            await visible_import(self._imports, import_id, caller_of(request, "read"))
        )

    async def result(
        self, request: AnyRequest, import_id: parameters.ImportPath
    ) -> Response[bytes]:
        """The uploaded file again: each row with its number, or with all that is wrong with it."""
        found = await visible_import(self._imports, import_id, caller_of(request, "read"))
        content = await self._imports.content(found.import_id, "result")
        if content is None:
            if found.state in ENDED:
                raise NoSuchImport
            raise ImportNotEnded(done=found.counts.done, total=found.total or 0)
        await self._acts.note(request, "import.take", found.import_id, rule="read")
        return Response(
            content,
            media_type=MEDIA_TYPES[found.format],
            headers={
                "content-disposition": f'attachment; filename="{import_id}-result.{found.format}"',
                "x-content-type-options": "nosniff",
            },
        )

    async def cancel(self, request: AnyRequest, import_id: parameters.ImportPath) -> ImportView:
        """Stop an import after the rows in hand.  What was issued stands; ended ones stay."""
        caller = caller_of(request, "issue")
        found = await visible_import(self._imports, import_id, caller)
        async with self._acts.doing(request, "import.cancel", found.import_id, rule="issue"):
            after = await self._imports.cancel(found.import_id) or found
        return view_import(after)


def import_id_of(tenant: str, key: str) -> str:
    """The same for the same tenant and key, for ever; thirty-two hex digits."""
    return sha256(f"import\0{tenant}\0{key}".encode()).hexdigest()[:32]


def is_operator(key: ApiKey) -> bool:
    return "*" in key.taxpayers and "admin" in key.may


def may_see(key: ApiKey, one: Import) -> bool:
    """Its own, its tenant's if it may act for all of the same taxpayers, or the operator."""
    within = "*" in key.taxpayers or one.taxpayers <= key.taxpayers
    own = key.tenant == one.tenant and (within or key.key_id == one.key_id)
    return own or is_operator(key)


async def visible_import(imports: Imports, import_id: str, key: ApiKey) -> Import:
    """Raises NoSuchImport: there is none, or it is not for this caller; both look the same."""
    found = await imports.read(import_id)
    if found is None:
        raise NoSuchImport
    if not may_see(key, found):
        raise NoSuchImport from NotAllowed(what="an import of others")
    return found


def view_import(one: Import) -> ImportView:
    zh, en = STATE_NAMES[one.state]
    counts = one.counts
    return ImportView(
        import_id=one.import_id,
        name=one.name,
        format=one.format,
        size_bytes=one.size_bytes,
        state=one.state,
        state_zh=zh,
        state_en=en,
        total=one.total,
        counts=CountsView(
            counts.done, counts.issued, counts.replayed, counts.refused, counts.skipped
        ),
        version=one.version,
        uploaded_at=one.uploaded_at,
        changed_at=one.changed_at,
        ended_at=one.ended_at,
        zh=one.zh,
        en=one.en,
    )
