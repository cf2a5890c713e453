"""``/audit-log/``: the second log, as files that anyone may mirror.  It says nothing of anybody."""

from dataclasses import replace

from litestar import get
from litestar.handlers import HTTPRouteHandler

from kaipiao.gateway.log import LogFiles
from kaipiao.gateway.wiring import Services


class AuditLogFiles(LogFiles):
    """As ``/log/``, of the audit log's folder and key."""

    def __init__(self, services: Services) -> None:
        super().__init__(
            replace(services, log_folder=services.audit_folder, log_vkey=services.audit_vkey)
        )

    def handlers(self) -> list[HTTPRouteHandler]:
        text, binary = "text/plain", "application/octet-stream"
        return [
            get(
                "/audit-log/log.vkey",
                operation_id="read_audit_vkey",
                media_type=text,
                everyone=True,
            )(self.vkey),
            get(
                "/audit-log/checkpoint",
                operation_id="read_audit_checkpoint",
                media_type=text,
                everyone=True,
            )(self.checkpoint),
            get(
                "/audit-log/checkpoint.witnessed",
                operation_id="read_witnessed_audit_checkpoint",
                media_type=text,
                everyone=True,
            )(self.witnessed),
            get(
                "/audit-log/checkpoint.timestamped",
                operation_id="read_timestamped_audit_checkpoint",
                media_type=text,
                everyone=True,
            )(self.timestamped),
            get(
                "/audit-log/tile/{name:path}",
                operation_id="read_audit_tile",
                media_type=binary,
                include_in_schema=False,
                everyone=True,
            )(self.tile),
        ]
