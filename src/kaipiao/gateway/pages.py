"""Pages for people: what this is, the API's documentation, and what each problem means.

Nothing here asks for anything from outside; the browser is told to refuse it as well.
"""

import inspect
from html import escape
from importlib.resources import files

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kaipiao.errors import Refusal
from kaipiao.gateway import parameters
from kaipiao.gateway.calls import AnyRequest
from kaipiao.gateway.problems import DEFECT, STATUS, UNAVAILABLE, Shown
from kaipiao.gateway.refusals import NoSuchPath

REDOC = "redoc.standalone.js"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; worker-src blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HTML = {"content-security-policy": CSP, "x-content-type-options": "nosniff"}

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}"
    "code{background:#eee;padding:0 .3em}@media(prefers-color-scheme:dark)"
    "{body{background:#111;color:#ddd}code{background:#333}a{color:#8cf}}"
)
_DOCS = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Kaipiao API</title>'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<link rel="icon" href="data:,">'
    '<style>body{margin:0}img[src^="https:"]{display:none}</style>'
    '<redoc spec-url="/openapi.json"></redoc>'
    f'<script src="/docs/{REDOC}"></script></html>'
)
_UNEXPECTED: dict[str, tuple[Shown, str]] = {
    "unavailable": (
        UNAVAILABLE,
        "Something we lean on did not answer, so whether the call was carried out is unknown.\n\n"
        "Ask again with the same key and the same content: nothing is ever done twice.",
    ),
    "internal-error": (
        DEFECT,
        "An error of ours.  It was recorded under its request_id, and someone is told.",
    ),
}


class Pages:
    def __init__(self, version: str, document: bytes) -> None:
        self._version = version
        self._document = document
        self._redoc = files("kaipiao.gateway").joinpath("static", REDOC).read_bytes()
        self._refusals = {refusal.code: refusal for refusal in STATUS}

    def handlers(self) -> list[HTTPRouteHandler]:
        def page(path: str) -> get:
            return get(path, include_in_schema=False, media_type="text/html", everyone=True)

        return [
            page("/")(self.home),
            page("/docs")(self.docs),
            page(f"/docs/{REDOC}")(self.redoc),
            page("/openapi.json")(self.openapi),
            page("/problems")(self.problems),
            page("/problems/{code:str}")(self.problem),
        ]

    async def home(self) -> Response[str]:
        """What this is."""
        return _page(
            "Kaipiao 开票",
            f"<h1>Kaipiao 开票</h1><p>An electronic-invoice platform. Version "
            f"{escape(self._version)}.</p><p>电子发票开具平台。</p><ul>"
            '<li><a href="/docs">API documentation 接口文档</a> '
            '(<a href="/openapi.json">OpenAPI</a>)</li>'
            '<li><a href="/verify.html">Verify an invoice offline 离线查验发票</a></li>'
            '<li><a href="/problems">What each problem means 错误说明</a></li>'
            '<li><a href="/v1/status">Status 运行状态</a></li>'
            '<li><a href="/log/checkpoint">Evidence log 存证日志</a></li></ul>',
        )

    async def docs(self) -> Response[str]:
        """The API's documentation."""
        return Response(_DOCS, media_type="text/html", headers=HTML)

    async def redoc(self) -> Response[bytes]:
        headers = {"cache-control": "public, max-age=86400"}
        media_type = "text/javascript"
        return Response(self._redoc, media_type=media_type, headers=headers)

    async def openapi(self) -> Response[bytes]:
        headers = {"cache-control": "public, max-age=60"}
        return Response(self._document, media_type="application/json", headers=headers)

    async def problems(self) -> Response[str]:
        """Every problem there is."""
        codes = sorted([*self._refusals, *_UNEXPECTED])
        items = "".join(f'<li><a href="/problems/{code}">{code}</a></li>' for code in codes)
        return _page("Problems 错误说明", f"<h1>Problems 错误说明</h1><ul>{items}</ul>")

    async def problem(self, request: AnyRequest, code: parameters.CodePath) -> Response[str]:
        """What one problem means and what to do."""
        if refusal := self._refusals.get(code):
            return _explain(code, STATUS[refusal], _meaning(refusal), refusal.retryable)
        if code in _UNEXPECTED:
            shown, meaning = _UNEXPECTED[code]
            return _explain(code, shown, f"<p>{escape(meaning)}</p>", True)
        raise NoSuchPath(path=request.scope["path"][:200])


def _meaning(refusal: type[Refusal]) -> str:
    paragraphs = inspect.cleandoc(refusal.__doc__ or "").split("\n\n")
    texts = [*paragraphs, refusal.en, refusal.zh]
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _explain(code: str, shown: Shown, meaning: str, retryable: bool) -> Response[str]:
    again = (
        "Asking again may help. 可重试。" if retryable else "Asking again does not help. 重试无效。"
    )
    return _page(
        code,
        f"<h1>{escape(shown.en)}<br>{escape(shown.zh)}</h1>"
        f"<p><code>{escape(code)}</code> · HTTP {shown.status}</p>{meaning}<p>{again}</p>"
        '<p><a href="/problems">All problems 全部错误</a></p>',
    )


def _page(title: str, content: str) -> Response[str]:
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style>{content}</html>'
    )
    return Response(html, media_type="text/html", headers=HTML)
