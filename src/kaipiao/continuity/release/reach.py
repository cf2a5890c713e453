"""How a release command gets to a member: to one on this machine by itself, to another by a
command of the operator's (``ssh root@{address}``), which brings its own trust.

What is run there is our own command line, by the same path as here, and answers in JSON.
"""

import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import msgspec

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.release.current import Current
from kaipiao.continuity.release.said import Said
from kaipiao.continuity.release.stand import Stand
from kaipiao.errors import Outage

BEGIN = "from kaipiao.cli.main import main; main()"
STATUS_WITHIN_S = 60.0
"""It reads two files; but on a machine that is out of breath even that takes a while."""

ACT_WITHIN_S = 4_500.0
"""A little longer than the supervisor's own longest step (``app/release_door.py``)."""

TOLD_CHARS = 400


class _Status(msgspec.Struct):
    """What ``kaipiao release status --json`` says."""

    runs: bool
    current: Current | None = None
    leads: bool = False


class Reach:
    """``by``: what to put before a command for another machine; {address}, {name} are filled in."""

    def __init__(self, description: Description, *, by: str = "") -> None:
        self._description = description
        self._by = by

    def stand(self, member: Member) -> Stand:
        """How it stands; whoever cannot be heard stands there with the reason."""
        command = self.command(member, ["status"])
        if command is None:
            return Stand(member=member.name, trouble="--by?")
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=STATUS_WITHIN_S,
                check=True,
            )
            said = msgspec.json.decode(done.stdout, type=_Status)
        except subprocess.CalledProcessError as error:
            return Stand(member=member.name, trouble=_end_of(error.stderr) or str(error.returncode))
        except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
            return Stand(member=member.name, trouble=str(error)[:TOLD_CHARS])
        return Stand(member=member.name, current=said.current, runs=said.runs, leads=said.leads)

    def act(self, member: Member, *arguments: str) -> Iterator[Said]:
        """Every step that is said there.

        Raises:
            Outage: it went silent before it said how it ended; what it began goes on there, or was
                put back.
        """
        command = self.command(member, arguments)
        if command is None:
            raise Outage(member.name)
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is for us: what was begun there goes on
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            limit = threading.Timer(ACT_WITHIN_S, process.kill)
            limit.start()
            try:
                for line in process.stdout:
                    said = msgspec.json.decode(line, type=Said)
                    yield msgspec.structs.replace(said, member=member.name)
                    if said.is_over:
                        return
                told = _end_of(process.stderr.read())
            except (OSError, msgspec.DecodeError) as error:
                told = str(error)
            finally:
                limit.cancel()
                process.kill()
        raise Outage(f"{member.name} ({told})" if told else member.name)

    def command(self, member: Member, arguments: Sequence[str]) -> list[str] | None:
        """None: it is on another machine, and nobody said how to get there."""
        home = home_of(self._description, member)
        more = ["--json", "--data", str(home.cell)]
        ours = [sys.executable, "-c", BEGIN, "release", *arguments, *more]
        if home.secrets.exists():
            return ours
        if not self._by:
            return None
        filled = self._by.format(address=member.address, name=member.name)
        return [*shlex.split(filled), shlex.join(ours)]


def _end_of(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()[-TOLD_CHARS:]
