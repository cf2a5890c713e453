"""The bar of a copy under way, and why a copy was not made, told to the person at the terminal."""

from types import TracebackType

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import Progress, printable
from kaipiao.cli.trusted import find_log_key
from kaipiao.evidence.disk import FolderBusy
from kaipiao.evidence.mirror.copy import SourceRefused
from kaipiao.evidence.mirror.restore import CopyFallsShort
from kaipiao.evidence.mirror.shelf import NotSigned
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.reader import TilesDamaged
from kaipiao.evidence.trust import parse_vkeys


def parse_log_keys(given: str | None) -> tuple[VerifierKey, ...]:
    """A key, or a file of keys: a log that changes its key keeps the older ones in the same file.

    Raises click.UsageError: there is none.
    """
    try:
        return parse_vkeys(find_log_key(given).splitlines())
    except ValueError as error:
        raise click.UsageError(
            t(f"日志公钥无法使用: {error}", f"That is no log key: {error}")
        ) from None


class CopyBar:
    """Called with how many entries are here of how many; draws nothing within a second."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._done = 0

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None or done < self._done:
            self._end()
            self._bar, self._done = Progress(t("复制", "copying"), total), 0
        self._bar.advance(done - self._done)
        self._done = done
        if done > total - 256:
            self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


class NotCopied(click.ClickException):
    """The answer is no: the source is damaged, or has broken its word."""

    exit_code = exits.NO


class TellWhy:
    """Turns what a copy can fail with into a sentence and an exit code."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, FolderBusy):
            raise click.UsageError(t(f"已在运行: {error}", f"it runs already: {error}")) from None
        if isinstance(error, SourceRefused | NotSigned | TilesDamaged | CopyFallsShort):
            raise NotCopied(_sentence(error)) from None


def _sentence(error: Exception) -> str:
    why = printable(str(error))
    if isinstance(error, SourceRefused):
        return t(
            f"拒绝来源: {why}。副本未变, 日志签过名的检查点已存为物证。请联系其运营者和见证方。",
            f"The source is refused: {why}. Our copy is as it was; what the log has signed is "
            "kept. Ask the log's operator, and its witnesses.",
        )
    if isinstance(error, CopyFallsShort):
        return t(
            f"副本不符, 未放回: {why}。请换一个镜像。",
            f"The copy falls short and was not put in place: {why}. Try another mirror.",
        )
    return t(
        f"来源损坏或公钥不符, 没有采用任何内容: {why}。",
        f"The source is damaged, or the key is another's; nothing of it was believed: {why}.",
    )
