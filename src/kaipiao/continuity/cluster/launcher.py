"""Patroni 4.1.5 with three of its numbers lowered and one of its stars named.

Run as ``python -I launcher.py SITE (member|vote) PATRONI_YML OTHERS`` by the account that runs
PostgreSQL; standard library and Patroni only.  SITE is where Patroni lies: the interpreter may
be another than ours (``interpreter.py``).  OTHERS: the other members with data, by commas.

Why: Patroni refuses a ``ttl`` below 20 s and a ``retry_timeout`` below 3 s, written into its
code, so that a lost machine costs 22 s; and it waits 2 s for a dead peer's answer before it
stands for election.  Its own rule ``loop_wait + 2 * retry_timeout <= ttl`` stays in force.

And while no standby is there, Patroni has commits wait for ``*``, which is *any* receiver of WAL:
a backup's stream, or the very copy that a new standby is being made of, would then confirm
commits that no member could take over with.  The other members' names are written instead.

Another version than the one that was tried may mean something else by these names: it is refused.
"""

import sys
from typing import Any

VERSION = "4.1.5"
FLOORS = {"ttl": 5, "loop_wait": 1, "retry_timeout": 2}
PEER_TIMEOUT_S = 0.8
PATRONIS_PEER_TIMEOUT_S = 2


def check_version(found: str) -> None:
    """Ends the process, with advice, on any version but the one that was tried."""
    if found != VERSION:
        sys.exit(
            f"Patroni {found} is installed; exactly {VERSION} is needed, because two of its "
            f"limits are lowered. Type: pip install 'patroni[raft,etcd3,psycopg3]=={VERSION}'"
        )


def lower_floors() -> None:
    """Raises AttributeError where Patroni has no such method; nothing is lowered silently."""
    from patroni.config import Config
    from patroni.request import PatroniRequest

    name = "_Config__get_and_maybe_adjust_int_value"
    adjust, ask = getattr(Config, name), PatroniRequest.__call__

    def adjusted(self: Any, config: Any, param: str, floor: int) -> int:
        return int(adjust(self, config, param, min(floor, FLOORS[param])))

    def asked(self: Any, member: Any, *arguments: Any, **named: Any) -> Any:
        if named.get("timeout") == PATRONIS_PEER_TIMEOUT_S:
            named["timeout"] = PEER_TIMEOUT_S
        return ask(self, member, *arguments, **named)

    setattr(Config, name, adjusted)
    setattr(PatroniRequest, "__call__", asked)  # noqa: B010  mypy guards the plain form


def count_members_only(others: str) -> None:
    """Raises AttributeError where Patroni has no such method."""
    from patroni.postgresql.config import ConfigHandler

    write = ConfigHandler.set_synchronous_standby_names
    names = ",".join(f'"{other}"' for other in others.split(","))

    def named(self: Any, value: str | None) -> Any:
        return write(self, value and value.replace("*", names))

    setattr(ConfigHandler, "set_synchronous_standby_names", named)  # noqa: B010  as above


def main(site: str, role: str, config: str, others: str) -> None:
    sys.path.insert(0, site)
    # The client of etcd would take the system's pyOpenSSL, which does not fit what SITE holds.
    sys.modules["OpenSSL"] = None  # type: ignore[assignment]
    from patroni.version import __version__

    check_version(__version__)
    lower_floors()
    sys.argv = ["patroni", config]
    if role == "vote":
        from patroni.raft_controller import main as run
    else:
        count_members_only(others)
        from patroni.__main__ import main as run
    run()


if __name__ == "__main__":
    main(*sys.argv[1:])
