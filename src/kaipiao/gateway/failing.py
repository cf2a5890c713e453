"""Litestar's own ways to fail, translated into ours."""

from typing import Any

from litestar import Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from kaipiao.errors import Malformed, NotAuthenticated
from kaipiao.fiscal.violation import Violation
from kaipiao.gateway.calls import AnyRequest, visit_of
from kaipiao.gateway.faults import find_faults
from kaipiao.gateway.refusals import MethodNotAllowed, NoSuchPath

NOT_IN_QUERIES = frozenset({"request", "data"})


def answer_failure(request: AnyRequest, failure: Exception) -> Response[Any]:
    """Let the front answer: only it makes problem documents."""
    raise translate(request, failure)


def translate(request: AnyRequest, failure: Exception) -> Exception:
    """Our name for what Litestar says; anything that is no HTTP error is left as it is."""
    visit = visit_of(request)
    if isinstance(failure, NotFoundException):
        return NoSuchPath(path=visit.path[:200])
    if isinstance(failure, MethodNotAllowedException):
        known = (failure.headers or {}).get("allow", "").split(", ")
        allow = ", ".join(sorted(set(known) - {"OPTIONS"}))
        return MethodNotAllowed(method=visit.method, allow=allow)
    if isinstance(failure, ValidationException):
        return Malformed(_violations(failure))
    if isinstance(failure, HTTPException) and failure.status_code < 500:
        return Malformed([_violation("", failure.detail)])
    return failure


async def check_call(request: AnyRequest) -> None:
    """Before anything is read: who is calling, are the parameters known, is there a body.

    Raises:
        NotAuthenticated: the call is not for everyone.
        Malformed
    """
    handler = request.route_handler
    if not handler.opt.get("everyone") and visit_of(request).key is None:
        raise NotAuthenticated
    _check_parameters(request)
    if (field := handler.parsed_data_field) is not None and not await request.body():
        raise Malformed(find_faults(b"", field.annotation))


def _check_parameters(request: AnyRequest) -> None:
    """Refuse a query parameter that the call does not know, or that is given twice.

    A misspelt filter that is silently ignored answers another question than the one asked.
    """
    known = request.route_handler.parsed_fn_signature.parameters.keys() - NOT_IN_QUERIES
    violations = []
    for name in dict.fromkeys(request.query_params.keys()):
        if name not in known or name in request.path_params:
            zh, en = "没有这个查询参数。请检查拼写。", "There is no such parameter here."
            violations.append(_at(name, "unknown-parameter", zh, en))
        elif len(request.query_params.getall(name)) > 1:
            zh, en = "该参数给出了不止一次。", "This parameter is given more than once."
            violations.append(_at(name, "repeated-parameter", zh, en))
        elif not request.query_params[name]:
            zh, en = (
                "该参数为空。请填写, 或删除。",
                "This parameter is empty: fill it or leave it out.",
            )
            violations.append(_at(name, "empty-parameter", zh, en))
    if violations:
        raise Malformed(violations)


def _violations(failure: ValidationException) -> list[Violation]:
    extra = failure.extra if isinstance(failure.extra, list) else []
    return [_violation(str(one.get("key", "")), str(one.get("message", ""))) for one in extra] or [
        _violation("", failure.detail)
    ]


def _violation(name: str, why: str) -> Violation:
    zh, en = f"参数不符合要求: {why}。", f"This parameter is not as it should be: {why}."
    return _at(name, "wrong-parameter", zh, en)


def _at(name: str, code: str, zh: str, en: str) -> Violation:
    return Violation(code=code, path=f"?{name[:100]}" if name else "", zh=zh, en=en)
