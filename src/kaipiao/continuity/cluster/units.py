"""The member as a systemd unit, for real hosts: started at boot, and again whatever ends it.

One unit is enough, because ``kaipiao node up`` keeps its own programs alive.  ``KillMode=mixed``
lets it stop them in their order and ends what is left.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.node import (
    CELL_STOP_S,
    ETCD_STOP_S,
    PATRONI_STOP_S,
    ROUTE_STOP_S,
)

STOP_S = int(CELL_STOP_S + ROUTE_STOP_S + PATRONI_STOP_S + ETCD_STOP_S) + 5
FILES_MAX = 65_536

UNIT = """\
# Written by: kaipiao node units --member {member} {file}
[Unit]
Description=Kaipiao {name}, member {member}
Wants=network-online.target
After=network-online.target time-sync.target
RequiresMountsFor={folder}
# It is started again for ever: a machine that gives up has to be visited.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command}
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec={stop_s}
LimitNOFILE={files}
OOMScoreAdjust=-900
UMask=0077
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=read-only
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""


def unit_name(description: Description, member: Member) -> str:
    return f"kaipiao-{description.name}-{member.name}.service"


def render_unit(description: Description, member: Member, program: Sequence[str]) -> str:
    """The unit's text; ``program`` is how ``kaipiao`` is started on that host."""
    arguments = ["node", "up", "--member", member.name, str(description.file)]
    return UNIT.format(
        member=member.name,
        file=description.file,
        name=description.name,
        folder=_escape(str(description.folder)),
        command=_escape(shlex.join([*program, *arguments])),
        stop_s=STOP_S,
        files=FILES_MAX,
    )


def write_unit(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _escape(text: str) -> str:
    """systemd expands % and $ in what it reads."""
    return text.replace("%", "%%").replace("$", "$$")
