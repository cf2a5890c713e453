"""A walk that comes upon an act under way waits for it, and takes its end for what it is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.continuity.cluster.description import Member, read_description
from kaipiao.continuity.release.current import Current, Program, ReleaseRefused, opened
from kaipiao.continuity.release.reach import Reach
from kaipiao.continuity.release.said import Said, busy, no
from kaipiao.continuity.release.stand import Stand
from kaipiao.continuity.release.walk import Walk

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OLD, NEW = Program("/opt/1/bin/python", "1"), Program("/opt/2/bin/python", "2")
CELL = """
name = "w"
area = 33
folder = "/nowhere/w"
""" + "".join(f'[[member]]\nname = "n{n}"\naddress = "192.0.2.{n}"\n' for n in (1, 2, 3))


class OneMember(Reach):
    """It says what it was given to say; the last time it has taken the release."""

    def __init__(self, file: Path, said: list[Said], *, takes: bool) -> None:
        super().__init__(read_description(file))
        self._said, self._takes = said, takes

    def act(self, member: Member, *arguments: str) -> Iterator[Said]:
        yield self._said.pop(0)

    def stand(self, member: Member) -> Stand:
        taken = opened(Current(program=OLD), NEW, at=NOW) if self._takes else None
        return Stand(member=member.name, runs=True, current=taken)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cell.toml"
    path.write_text(CELL)
    return path


def walked(file: Path, said: list[Said], *, takes: bool) -> int:
    walk = Walk(read_description(file), OneMember(file, said, takes=takes))
    for _ in range(len(said)):
        list(walk._at(Stand(member="n1", runs=True), "apply", NEW.python))
    return len(said)


def test_an_act_that_ended_after_we_looked_is_no_refusal(file: Path) -> None:
    assert walked(file, [busy(), no("", "is not finished")], takes=True) == 0


def test_a_refusal_is_one_if_nothing_was_under_way_or_nothing_moved(file: Path) -> None:
    with pytest.raises(ReleaseRefused, match="makes the root"):
        walked(file, [no("", "makes the root")], takes=True)
    with pytest.raises(ReleaseRefused, match="does not work"):
        walked(file, [busy(), no("", "does not work")], takes=False)
