"""The OpenAPI 3.1 document: what the API takes and answers, and nothing it does not.

Litestar lists the calls it routes.  The schemas are msgspec's own, made from the very types
that decode and encode, so they say what is really accepted.  The calls answered from their
bytes are written down here, and every call gets the problems it can answer with.
"""

from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig

from kaipiao.delivery.readers.report import DocumentReport, QrReport
from kaipiao.delivery.renditions.make import ROWS
from kaipiao.fiscal.draft import Draft, Line
from kaipiao.fiscal.sample import company
from kaipiao.gateway import (
    asks,
    audit,
    delivery_asks,
    delivery_shapes,
    imports,
    seals,
    shapes,
    status,
    verify,
)
from kaipiao.gateway.batch import MEDIA_TYPE, BatchResult
from kaipiao.gateway.credit_lines import CreditLines
from kaipiao.gateway.documents import MEDIA_TYPES as DOCUMENTS
from kaipiao.gateway.import_events import MEDIA_TYPE as EVENTS
from kaipiao.gateway.imports import CSV, NDJSON, XLSX
from kaipiao.gateway.problems import STATUS, Problem
from kaipiao.issuing.verify import Finding, Question

Node = dict[str, Any]

TYPES: tuple[type, ...] = (
    Draft, Problem, BatchResult, CreditLines, Finding, Question,
    asks.BatchLine, asks.RedLetterAsk, asks.OpenForm, asks.UseAsk, asks.CreditAsk, asks.KeyAsk,
    shapes.ReceiptView, shapes.InvoiceView, shapes.InvoicePage, shapes.ConfirmationView,
    shapes.ConfirmationPage, shapes.CreditLineView, shapes.UsesView, shapes.RedLetters,
    shapes.NewKey, shapes.KeyList, shapes.KeyView,
    delivery_asks.WebhookAsk, delivery_asks.MailRuleAsk, delivery_asks.MailAsk,
    delivery_asks.ReplayAsk, delivery_asks.LinkAsk, delivery_shapes.DeliveryDetail,
    delivery_shapes.DeliveryList, delivery_shapes.DeliveryView, delivery_shapes.Replayed,
    delivery_shapes.NewWebhook, delivery_shapes.WebhookList, delivery_shapes.WebhookView,
    delivery_shapes.MailRuleList, delivery_shapes.MailRuleView, delivery_shapes.NewLink,
    delivery_shapes.LinkList, status.StatusView, verify.ReceiptFinding,
    seals.SealView, seals.VendorList, seals.VendorView, seals.DistrustAsk,
    audit.EventView, audit.AuditPage, imports.ImportView, imports.ImportList, DocumentReport,
    QrReport,
)  # fmt: skip

KEYED = frozenset({"issue_invoice", "reverse_invoice", "open_confirmation", "mail_invoice"})
"""Calls that need an Idempotency-Key."""
ANYWHERE = (400, 401, 429, 431, 500, 503)
COME_BACK = (
    "Send the same request with the same key again after `Retry-After`, to any member of the cell: "
    "if the invoice was issued you get its first receipt. A member that cannot reach a majority of "
    "its cell answers this to every change, for as long as that lasts."
)
FOR_KEYS = (403,)
FOR_BODIES = (408, 413, 415)
ALSO: dict[str, tuple[int, ...]] = {
    "issue_invoice": (409, 422),
    "reverse_invoice": (409, 422),
    "open_confirmation": (409, 422),
    "confirm": (409,),
    "deny": (409,),
    "withdraw": (409,),
    "flag": (409,),
    "read_receipt": (409,),
    "read_vkeys": (404,),
    "read_origins": (404,),
    "read_witnessed_checkpoint": (404,),
    "read_timestamped_checkpoint": (404,),
    "read_witnessed_audit_checkpoint": (404,),
    "read_timestamped_audit_checkpoint": (404,),
    "read_event_receipt": (409,),
    "read_rendition": (409,),
    "grant_credit": (409,),
    "adjust_credit": (409,),
    "upload_import": (422,),
    "read_import_result": (409,),
    "mail_invoice": (409, 422),
    "create_webhook": (409, 422),
    "create_mail_rule": (409,),
    "download": (409,),
    "read_document": (422,),
}
"""Beyond what every call, every call with a key and every call with a body can answer."""

_JSON = "application/json"
_TEXT = {"type": "string"}
_BINARY: Node = {"type": "string", "format": "binary"}
_EVENT: Node = {
    "type": "object",
    "properties": {"id": _TEXT, "event": _TEXT, "data": _TEXT, "retry": {"type": "integer"}},
}


def compose_document(handlers: list[HTTPRouteHandler], *, version: str) -> bytes:
    """The document, as JSON."""
    document = _list_calls(handlers, version)
    paths: Node = document["paths"]
    paths["/v1/invoices"]["post"] = _issue_call()
    paths["/v1/invoices:batch"] = {"post": _batch_call()}
    paths["/v1/verify"]["post"] |= _verify_bodies()
    paths["/v1/documents:read"]["post"] |= _reading()
    paths["/v1/imports"]["post"] |= _upload()
    paths["/v1/imports"]["post"].setdefault("parameters", []).append(_key_header())
    paths["/v1/imports/{import_id}/events"]["get"]["responses"] = _watching()
    paths["/v1/imports/{import_id}/result"]["get"]["responses"] = _file("The file, with results.")
    paths["/v1/invoices:export"]["get"]["responses"] = _file("The list.")
    paths["/v1/invoices/{number}/renditions/{kind}"]["get"]["responses"] = _documents()
    _, schemas = msgspec.json.schema_components(TYPES, ref_template="#/components/schemas/{name}")
    document["components"] = {"schemas": schemas, "securitySchemes": {"key": _scheme()}}
    document["security"] = [{"key": []}]
    _link(paths, "/v1/invoices", "number")
    _link(paths, "/v1/confirmations", "form_id")
    everyone = {handler.operation_id for handler in handlers if handler.opt.get("everyone")}
    for path, item in paths.items():
        for method, call in item.items():
            _complete(path, method, call, for_everyone=call["operationId"] in everyone)
    return msgspec.json.encode(document)


def _list_calls(handlers: list[HTTPRouteHandler], version: str) -> Node:
    """The calls that Litestar routes, as it describes them."""
    config = OpenAPIConfig(title="Kaipiao 开票", version=version, use_handler_docstrings=True)
    surface = Litestar(handlers, openapi_config=config, logging_config=None)
    return surface.openapi_schema.to_schema()


def _complete(path: str, method: str, call: Node, *, for_everyone: bool) -> None:
    name = call["operationId"]
    call["summary"] = name.replace("_", " ").capitalize()
    call["tags"] = [path.removeprefix("/v1").split("/")[1].partition(":")[0]]
    if for_everyone:
        call["security"] = []
    statuses = [*ANYWHERE, *ALSO.get(name, ())]
    statuses += [] if for_everyone else FOR_KEYS
    statuses += FOR_BODIES if method in ("post", "put", "delete") else ()
    statuses += (404,) if "{" in path else ()
    if name == "open_confirmation":
        statuses.append(404)
    responses: Node = {code: node for code, node in call["responses"].items() if code < "400"}
    call["responses"] = responses | {str(code): _problem(code) for code in sorted(set(statuses))}
    if name in KEYED:
        replay = {"200": _replayed(responses["201"])}
        call["responses"] |= replay
        call.setdefault("parameters", []).append(_key_header())
    for parameter in call.get("parameters", ()):
        if parameter["schema"].get("default") == "":
            del parameter["schema"]["default"]  # it may be left out; it may not be empty


def _link(paths: Node, path: str, name: str) -> None:
    """Say that what a POST to ``path`` answers with names what other calls take."""
    created = paths[path]["post"]["responses"]["201"]
    created["links"] = {
        call["operationId"]: {
            "operationId": call["operationId"],
            "parameters": {name: f"$response.body#/{name}"},
        }
        for other, item in paths.items()
        if f"{path}/{{{name}}}" in other
        for call in item.values()
    }


def _example() -> Node:
    """A lawful draft of two invented companies."""
    line = Line(
        name="*文具*文件盒", tax_class="1060401010000000000", rate_bp=1300, net_fen=10_000,
        unit="个", quantity="2", unit_price="50",
    )  # fmt: skip
    draft = Draft(
        kind="ordinary",
        seller=company(1, "贸易"),
        buyer=company(2, "科技"),
        lines=(line,),
        issuer="赵示例",
    )
    return {"example": msgspec.to_builtins(draft)}


def _issue_call() -> Node:
    return {
        "operationId": "issue_invoice",
        "description": "Issue an invoice (开票).  A repeat with the same key answers 200 with "
        "the first receipt, byte for byte; the same key with other content is 422.",
        "requestBody": _body({_JSON: _ref("Draft")}, **_example()),
        "responses": {"201": _answer("Issued: the receipt.", {_JSON: _ref("ReceiptView")})},
    }


def _batch_call() -> Node:
    media_type = MEDIA_TYPE.decode()
    return {
        "operationId": "issue_batch",
        "description": "Issue many: one `BatchLine` a line, and for each a line of "
        "`BatchResult`, in order, sent as it becomes durable.  No line fails its neighbours; "
        "to resume, send everything again.  (The schemas are those of one line.)",
        "requestBody": _body({media_type: _TEXT}),
        "responses": {"200": _answer("One result a line.", {media_type: _TEXT})},
    }


def _verify_bodies() -> Node:
    either = {"oneOf": [_ref("Finding"), _ref("ReceiptFinding")]}
    return {
        "requestBody": _body({_JSON: _ref("Question"), "text/plain": _TEXT}),
        "responses": {"200": _answer("The finding.", {_JSON: either})},
    }


def _documents() -> Node:
    content: dict[str, Node] = {row.media_type: _BINARY for row in ROWS.values()}
    etag = {"ETag": {"schema": _TEXT, "description": "Of these bytes."}}
    return {
        "200": _answer("The document.", content) | {"headers": etag},
        "304": {"description": "You have it: its ETag is in your If-None-Match.", "headers": etag},
    }


def _reading() -> Node:
    either = {"oneOf": [_ref("DocumentReport"), _ref("QrReport")]}
    return {
        "requestBody": _body(dict.fromkeys(DOCUMENTS, _BINARY)),
        "responses": {"200": _answer("What it says, and the verdicts.", {_JSON: either})},
    }


def _upload() -> Node:
    view = {_JSON: _ref("ImportView")}
    kept = _answer("Kept; it is issued in the background.", view)
    return {
        "requestBody": _body(dict.fromkeys((XLSX, CSV, NDJSON), _BINARY)),
        "responses": {"202": kept, "200": _replayed(_answer("", view))},
    }


def _watching() -> Node:
    events = "Server-sent events: `progress` for every change, then `ended`; each an `ImportView`."
    return {
        "200": _answer(events, {EVENTS: _EVENT}),
        "204": {"description": "It ended, and you know: its last id is in your Last-Event-ID."},
    }


def _file(description: str) -> Node:
    return {"200": _answer(description, dict.fromkeys((XLSX, CSV, NDJSON), _BINARY))}


def _scheme() -> Node:
    return {"type": "http", "scheme": "bearer", "description": "An API key: kp_<id>_<secret>."}


def _key_header() -> Node:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Your own name for this: the same name never does it twice.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    }


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def _body(content: dict[str, Node], **more: Any) -> Node:
    first, *others = _content(content).items()
    return {"required": True, "content": {first[0]: first[1] | more, **dict(others)}}


def _answer(description: str, content: dict[str, Node]) -> Node:
    return {"description": description, "content": _content(content)}


def _content(content: dict[str, Node]) -> Node:
    return {media_type: {"schema": schema} for media_type, schema in content.items()}


def _problem(status: int) -> Node:
    codes = [refusal.code for refusal, shown in STATUS.items() if shown.status == status]
    codes += {503: ["unavailable"], 500: ["internal-error"]}.get(status, [])
    told = ", ".join(f"`{code}`" for code in sorted(codes))
    more = f" {COME_BACK}" if status == 503 else ""
    return _answer(f"A problem: {told}.{more}", {"application/problem+json": _ref("Problem")})


def _replayed(first: Node) -> Node:
    return first | {
        "description": "A repeat: what was answered the first time.",
        "headers": {"Idempotency-Replayed": {"schema": {"type": "string", "const": "true"}}},
    }
