"""Starting the stacks that we compare ourselves with."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench import processes
from bench.measure import Failed, Stack
from bench.postgres import Postgres

WORKERS = 2
READY_WITHIN_S = 20.0


@contextmanager
def running_fastapi(name: str, postgres: Postgres) -> Iterator[Stack]:
    """``naive`` or ``good`` on uvicorn with uvloop and httptools, two workers, no access log."""
    port = free_port()
    server = processes.python(
        "uvicorn",
        f"bench.stacks.{name}:app",
        *("--port", str(port), "--workers", str(WORKERS)),
        *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
        env={"BENCH_DSN": postgres.dsn},
    )
    with processes.ending(server):
        _wait_for(port, server)
        yield Stack(name=name, port=port, roots=(server.pid, postgres.pid))


@contextmanager
def running_bare_path(postgres: Postgres) -> Iterator[Stack]:
    """Two processes that share a port."""
    port = free_port()
    with ExitStack() as running:
        servers = [
            running.enter_context(
                processes.ending(
                    processes.python(
                        *("bench.stacks.bare_path", str(port), str(process)),
                        env={"BENCH_DSN": postgres.dsn},
                    )
                )
            )
            for process in range(WORKERS)
        ]
        _wait_for(port, *servers, listeners=WORKERS)
        pids = tuple(server.pid for server in servers)
        yield Stack(name="bare_path", port=port, roots=(*pids, postgres.pid))


@contextmanager
def running_raw() -> Iterator[Stack]:
    """The server that does nothing."""
    server = processes.python("bench.raw", stdout=subprocess.PIPE)
    with processes.ending(server):
        assert server.stdout
        yield Stack(name="raw", port=int(server.stdout.readline()), roots=(server.pid,))


class Copied(msgspec.Struct, kw_only=True):
    """What the ceiling came to."""

    rows_per_s: float
    postgres_us: float
    client_us: float


def copy(postgres: Postgres, drafts: Path, *, first: int, seconds: float) -> Copied:
    """Binary COPY for so long; serials from ``first`` on must be free."""
    before = postgres.cpu_s()
    copying = processes.python(
        *("bench.stacks.copying", str(drafts), str(first), str(seconds)),
        env={"BENCH_DSN": postgres.dsn},
        stdout=subprocess.PIPE,
    )
    with processes.ending(copying):
        said, _ = copying.communicate(timeout=seconds + READY_WITHIN_S)
        spent_s = postgres.cpu_s() - before
    if copying.returncode:
        raise Failed("copying failed; what it said is above")
    told = json.loads(said)
    return Copied(
        rows_per_s=told["rows"] / told["seconds"],
        postgres_us=spent_s / told["rows"] * 1e6,
        client_us=told["client_s"] / told["rows"] * 1e6,
    )


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _wait_for(port: int, *servers: "subprocess.Popen[bytes]", listeners: int = 1) -> None:
    """Until so many sockets listen on the port.

    Raises:
        Failed: a server ended, or it took too long.
    """
    end = time.monotonic() + READY_WITHIN_S
    while _listeners(port) < listeners:
        if any(server.poll() is not None for server in servers) or time.monotonic() > end:
            raise Failed(f"{servers[0].args!r} did not get ready")
        time.sleep(0.02)


def _listeners(port: int) -> int:
    """proc_net_tcp(5): local address in hexadecimal, state 0A is LISTEN."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(one[3] == "0A" and int(one[1].partition(":")[2], 16) == port for one in fields)
