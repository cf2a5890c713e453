"""``kaipiao log``: the public evidence log, as anyone can see it."""

from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.log_audit import audit
from kaipiao.cli.log_keys import keys, rotate
from kaipiao.cli.log_rebuild import rebuild
from kaipiao.cli.log_witnesses import witnesses
from kaipiao.cli.reach import anyone
from kaipiao.cli.terminal import say, say_json
from kaipiao.client.client import Client
from kaipiao.client.problem import Problem
from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint
from kaipiao.evidence.merkle import is_consistent
from kaipiao.evidence.note import Standing, parse_note, parse_vkey
from kaipiao.evidence.reader import TileReader, TilesDamaged

_URL = click.option(
    "--url", envvar="KAIPIAO_URL", metavar="URL", help=t("单元地址", "Address of the cell.")
)
_JSON = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))


class Consistency(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    consistent: bool
    old_size: int
    new_size: int
    why: str = ""


@click.group(
    "log",
    help=t(
        """存证日志: 检查点、公钥、一致性、审计。无需密钥。

        保存一份检查点, 日后用它检查日志有没有被改写过:

        \b
        例:  kaipiao log key > log.vkey
             kaipiao log checkpoint > 十一月.checkpoint
             kaipiao log consistency 十一月.checkpoint --log-key log.vkey
             kaipiao log audit https://cell.example --key log.vkey
        """,
        """The evidence log: checkpoint, public key, consistency, audit.  Needs no API key.

        Keep a checkpoint, and later ask whether anything before it was rewritten:

        \b
        Examples:  kaipiao log key > log.vkey
                   kaipiao log checkpoint > november.checkpoint
                   kaipiao log consistency november.checkpoint --log-key log.vkey
                   kaipiao log audit https://cell.example --key log.vkey
        """,
    ),
)
def command() -> None:
    pass


command.add_command(audit)
command.add_command(keys)
command.add_command(rebuild)
command.add_command(rotate)
command.add_command(witnesses)


@command.command("key", help=t("日志公钥", "The log's public key."))
@_URL
def key(url: str | None) -> None:
    with anyone(url) as client:
        say(client.log_file("log.vkey").decode().strip())


@command.command("checkpoint", help=t("最新的签名检查点", "The newest signed checkpoint."))
@_URL
def checkpoint(url: str | None) -> None:
    with anyone(url) as client:
        click.echo(client.log_file("checkpoint"), nl=False)


@command.command(
    "consistency",
    help=t(
        """日志现在是否仍以检查点 OLD 的全部内容开头。

        退出码: 0 一致, 1 不一致 (日志被改写或签名不符), 2 OLD 无法读取。
        """,
        """Whether the log still begins with everything that checkpoint OLD covered.

        Exits 0 if it does, 1 if it does not (rewritten, or signed by another key), 2 if OLD
        cannot be read.
        """,
    ),
)
@click.argument("old", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--log-key",
    metavar="FILE|TEXT",
    envvar="KAIPIAO_LOG_KEY",
    help=t("日志公钥, 默认取自单元", "The log's public key; default: the cell's own."),
)
@_URL
@_JSON
@click.pass_context
def consistency(
    context: click.Context, old: Path, log_key: str | None, url: str | None, as_json: bool
) -> None:
    with anyone(url) as client:
        vkey = _vkey(client, log_key)
        before = _trusted(old.read_text(encoding="utf-8"), vkey, str(old))
        now = _trusted(client.log_file("checkpoint").decode(), vkey, client.url)
        found = compare(client, before, now)
    say_json(found) if as_json else say(_sentence(found))
    context.exit(exits.OK if found.consistent else exits.NO)


def compare(client: Client, old: Checkpoint, new: Checkpoint) -> Consistency:
    """Prove, from the public tiles alone, that ``new`` extends ``old``."""
    if new.size < old.size:
        why = t("日志变短了", "the log became shorter")
        return Consistency(consistent=False, old_size=old.size, new_size=new.size, why=why)
    try:
        path = TileReader(_reading(client)).consistency_path(old.size, new.size)
    except TilesDamaged as damaged:
        return Consistency(consistent=False, old_size=old.size, new_size=new.size, why=str(damaged))
    holds = is_consistent(old.size, old.root, new.size, new.root, path)
    why = "" if holds else t("根哈希不符", "the roots do not agree")
    return Consistency(consistent=holds, old_size=old.size, new_size=new.size, why=why)


def _reading(client: Client) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        try:
            return client.log_file(name)
        except Problem as problem:
            raise FileNotFoundError(name) from problem

    return read


def _vkey(client: Client, given: str | None) -> str:
    if given is None:
        return client.log_file("log.vkey").decode().strip()
    from kaipiao.cli.trusted import find_log_key

    return find_log_key(given)


def _trusted(text: str, vkey: str, where: str) -> Checkpoint:
    """The checkpoint in a note, if the key signed it."""
    try:
        note = parse_note(text)
        found = parse_checkpoint(note.text)
        standing = parse_vkey(vkey).standing(note)
    except ValueError as error:
        raise click.UsageError(
            t(f"{where} 不是检查点: {error}", f"{where} is no checkpoint: {error}")
        ) from None
    if standing is not Standing.SIGNED:
        raise NotSigned(where)
    return found


class NotSigned(click.ClickException):
    """A checkpoint that the key did not sign: the answer is no."""

    exit_code = exits.NO

    def __init__(self, where: str) -> None:
        super().__init__(
            t(
                f"{where}: 检查点不是由该公钥签名的",
                f"{where}: the checkpoint is not signed by this key",
            )
        )


def _sentence(found: Consistency) -> str:
    if found.consistent:
        return t(
            f"一致: 检查点的 {found.old_size} 项原样位于现在的 {found.new_size} 项之首。",
            f"Consistent: the {found.old_size} entries of the checkpoint are the beginning of "
            f"the {found.new_size} there are now.",
        )
    return t(f"不一致: {found.why}。", f"NOT consistent: {found.why}.")
