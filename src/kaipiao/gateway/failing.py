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
from kaipiao.gateway.fault_words import fault, parameter_path
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
        return Malformed([fault("wrong-parameter", "", why=failure.detail)])
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
            violations.append(fault("unknown-parameter", parameter_path(name)))
        elif len(request.query_params.getall(name)) > 1:
            violations.append(fault("repeated-parameter", parameter_path(name)))
        elif not request.query_params[name]:
            violations.append(fault("empty-parameter", parameter_path(name)))
    if violations:
        raise Malformed(violations)


def _violations(failure: ValidationException) -> list[Violation]:
    told = failure.extra if isinstance(failure.extra, list) else []
    whole = [{"message": failure.detail}]
    return [
        fault("wrong-parameter", parameter_path(str(one.get("key", ""))), why=one.get("message"))
        for one in told or whole
    ]
