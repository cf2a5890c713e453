"""The ASGI application: our front, and behind it the surface that Litestar routes."""

from typing import cast

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from kaipiao.gateway.audit import AuditCalls
from kaipiao.gateway.audit_log import AuditLogFiles
from kaipiao.gateway.bundles import BundleCalls
from kaipiao.gateway.calls import StrictRequest
from kaipiao.gateway.confirmations import ConfirmationCalls
from kaipiao.gateway.credit_lines import CreditCalls
from kaipiao.gateway.deliveries import DeliveryCalls
from kaipiao.gateway.document import compose_document
from kaipiao.gateway.documents import DocumentCalls
from kaipiao.gateway.erasures import ErasureCalls
from kaipiao.gateway.exports import ExportCalls
from kaipiao.gateway.express_protocol import ExpressProtocol
from kaipiao.gateway.failing import answer_failure, check_call
from kaipiao.gateway.front import Front
from kaipiao.gateway.import_events import ImportEvents
from kaipiao.gateway.imports import ImportCalls
from kaipiao.gateway.invoices import Invoices
from kaipiao.gateway.keys import KeyCalls
from kaipiao.gateway.last_words import HeldProtocol, LastWords
from kaipiao.gateway.links import LinkCalls
from kaipiao.gateway.log import LogFiles
from kaipiao.gateway.log_keys import LogKeyFiles
from kaipiao.gateway.mail_rules import MailRuleCalls
from kaipiao.gateway.offline_page import OfflinePage
from kaipiao.gateway.pages import Pages
from kaipiao.gateway.red_letters import RedLetterCalls
from kaipiao.gateway.renditions import RenditionCalls
from kaipiao.gateway.seals import SealCalls
from kaipiao.gateway.status import StatusCalls
from kaipiao.gateway.verify import VerifyCall
from kaipiao.gateway.visit import App
from kaipiao.gateway.webhooks import WebhookCalls
from kaipiao.gateway.wiring import Services


def build_app(services: Services) -> Front:
    """The application, ready to serve.  It opens and closes nothing of ``services``."""
    handlers = compose_handlers(services)
    surface = Litestar(
        [
            *handlers,
            *Pages(
                services.version, compose_document(handlers, version=services.version)
            ).handlers(),
            *OfflinePage(services).handlers(),
        ],
        request_class=StrictRequest,
        exception_handlers={Exception: answer_failure},
        before_request=check_call,
        openapi_config=None,
        logging_config=None,
    )
    return Front(services, cast(App, surface))


def build_protocol(front: Front, words: LastWords | None = None) -> type[ExpressProtocol]:
    """The HTTP of one process, connection by connection.

    uvicorn makes each from a class and hands it nothing of ours, so what it needs goes into
    the class.
    """
    given = {"limits": front.limits, "unread": front.unread, "front": front, "words": words}
    bases = (ExpressProtocol,) if words is None else (HeldProtocol, ExpressProtocol)
    return type("Protocol", bases, given)


def compose_handlers(services: Services) -> list[HTTPRouteHandler]:
    """Every documented call that Litestar routes."""
    rooms = (
        Invoices(services),
        RedLetterCalls(services),
        RenditionCalls(services),
        ErasureCalls(services),
        ConfirmationCalls(services),
        CreditCalls(services),
        DeliveryCalls(services),
        WebhookCalls(services),
        MailRuleCalls(services),
        LinkCalls(services),
        BundleCalls(services),
        DocumentCalls(services),
        SealCalls(services),
        VerifyCall(services),
        StatusCalls(services),
        KeyCalls(services),
        AuditCalls(services),
        ImportCalls(services),
        ImportEvents(services),
        ExportCalls(services),
        LogFiles(services),
        LogKeyFiles(services),
        AuditLogFiles(services),
    )
    return [handler for room in rooms for handler in room.handlers()]
