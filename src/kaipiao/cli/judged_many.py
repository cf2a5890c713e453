"""``kaipiao verify`` on a folder or a ZIP: a line for each file, and how many of each there are."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from kaipiao.base.archive import Archive, Limits
from kaipiao.base.unreadable import Unreadable
from kaipiao.cli import exits
from kaipiao.cli.found import Found, unreadable
from kaipiao.cli.language import t
from kaipiao.cli.offline import FILE_BYTES_MAX, judge, read_bounded
from kaipiao.cli.terminal import Progress, printable, say, say_json
from kaipiao.evidence.trust import Trust
from kaipiao.fiscal.money import format_yuan

PACKAGE = Limits(
    packed_bytes=256 * 2**20,
    entries=20_000,
    unpacked_bytes=1024 * 2**20,
    entry_bytes=FILE_BYTES_MAX,
)
"""A month of a busy shop; whoever has more unpacks it into a folder, which has no limit."""

OFD_START = "OFD.xml"
Content = bytes | Unreadable


class Summary(msgspec.Struct):
    """The last line for scripts."""

    files: int = 0
    genuine: int = 0
    not_genuine: int = 0
    undecided: int = 0

    def count(self, found: Found) -> None:
        self.files += 1
        self.genuine += found.genuine
        self.undecided += found.undecided
        self.not_genuine += not (found.genuine or found.undecided)

    @property
    def exit_code(self) -> int:
        if self.not_genuine:
            return exits.NO
        return exits.OK if self.genuine and not self.undecided else exits.USAGE


def is_package(archive: Archive) -> bool:
    """A ZIP of files; an OFD is a ZIP, too, and one document."""
    return OFD_START not in archive


def files_in_folder(folder: Path) -> list[Path]:
    """Every file below it in the order of names; what begins with a dot is passed over."""
    below = sorted(folder.rglob("*"))
    hidden = (any(part.startswith(".") for part in p.relative_to(folder).parts) for p in below)
    return [
        path
        for path, is_hidden in zip(below, hidden, strict=True)
        if path.is_file() and not is_hidden
    ]


def contents_of_folder(folder: Path, files: list[Path]) -> Iterator[tuple[str, Content]]:
    for path in files:
        try:
            with path.open("rb") as file:
                content: Content = read_bounded(file)
        except OSError as error:
            content = Unreadable("", zh=f"无法打开: {error.strerror}", en=f"{error.strerror}")
        yield str(path.relative_to(folder)), content


def contents_of_package(archive: Archive) -> Iterator[tuple[str, Content]]:
    for name in archive.names:
        try:
            yield name, archive.read(name)
        except Unreadable as why:
            yield name, why


def judge_many(
    contents: Iterator[tuple[str, Content]], total: int, trust: Trust, *, as_json: bool
) -> int:
    """Judge each and say so at once; the exit code."""
    summary = Summary()
    with Progress(t("查验", "verified"), total) as progress:
        for name, content in contents:
            found = _judge(content, trust)
            summary.count(found)
            say_json({"file": name, **msgspec.to_builtins(found)}) if as_json else _show(
                name, found
            )
            progress.advance()
    say_json({"summary": summary}) if as_json else say(_sentence(summary))
    return summary.exit_code


def _judge(content: Content, trust: Trust) -> Found:
    if isinstance(content, Unreadable):
        return msgspec.structs.replace(unreadable(content), undecided=True)
    return judge(content, trust)


def _show(name: str, found: Found) -> None:
    if found.genuine:
        amount = format_yuan(found.gross_fen or 0)
        say(f"✓ {printable(name)}  {found.grade}  {found.number}  {amount}")
        return
    mark = "?" if found.undecided else "✗"
    say(f"{mark} {printable(name)}  {printable(found.faults[0])}")


def _sentence(summary: Summary) -> str:
    if not summary.files:
        return t("没有文件。", "There are no files.")
    return t(
        f"共 {summary.files} 份: 真实 {summary.genuine}, 不真实 {summary.not_genuine}, "
        f"无法判定 {summary.undecided}。",
        f"{summary.files} in all: {summary.genuine} genuine, {summary.not_genuine} not, "
        f"{summary.undecided} undecided.",
    )
