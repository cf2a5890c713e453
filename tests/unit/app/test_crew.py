"""Places change hands one change at a time, whoever asks for it."""

import asyncio
import socket
from pathlib import Path

from kaipiao.app.child import Child
from kaipiao.app.crew import Crew
from kaipiao.app.folder import CellFolder
from kaipiao.app.settings import Settings

PROGRAM = """#!/bin/sh
# Says that it is ready, and ends when it is told to.
trap 'exit 0' USR1 TERM
echo ready
while :; do sleep 0.02; done
"""


def make_program(path: Path) -> str:
    path.write_text(PROGRAM)
    path.chmod(0o755)
    return str(path)


async def test_new_keys_that_come_in_the_middle_of_a_release_leave_one_server_a_place(
    scratch: Path,
) -> None:
    folder = CellFolder(str(scratch / "cell"))
    former, later = (make_program(scratch / name) for name in ("former", "later"))
    alive: set[Child] = set()

    def changed(server: Child, is_ready: bool) -> None:
        (alive.add if is_ready else alive.discard)(server)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = Settings(data=str(folder.path), workers=2, deliverers=1)
        crew = Crew(folder, settings, dsn="", listener=listener, changed=changed)
        crew.start()
        try:
            await crew.use(former, anyway=True)
            async with asyncio.timeout(20):
                await asyncio.gather(crew.use(later), crew.renew())

            assert len(alive) == 2
            assert {server.program for server in alive} == {later}
            assert alive <= set(crew), "whom nobody knows, nobody ends"
        finally:
            async with asyncio.timeout(20):
                await crew.stop()
                await crew.ended()
    assert not alive
