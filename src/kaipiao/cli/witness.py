"""``kaipiao witness``: watch somebody else's log, so that it cannot take anything back alone."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import printable, say, say_json, say_table

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    envvar="KAIPIAO_WITNESS_DATA",
    help=t("见证方的目录", "The witness's folder."),
)
_LOGS = click.option(
    "--log",
    "logs",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("所见证日志的公钥清单, 默认 DIR/logs", "Keys of the logs to watch; default: DIR/logs."),
)
_JSON = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))


@click.group(
    "witness",
    help=t(
        """见证: 为他人的日志记住它说过的话, 任何人都可以运行 (C2SP tlog-witness)。

        见证方保存每个日志的最大检查点, 只有当新的检查点被证明是其延续时才联署。
        用真密钥签名的分叉也会被拒绝, 并把双方都签过名的检查点保存为物证。

        \b
        例:  kaipiao witness up --name witness.example/w1
             kaipiao witness add-log "$(kaipiao log key)"
             kaipiao witness key
        """,
        """Remember what somebody else's log has said; anyone can (C2SP tlog-witness).

        A witness keeps the largest checkpoint of each log, and cosigns a larger one only with a
        proof that it grew out of that.  A fork is refused even if the log's genuine key signed
        it, and both signed checkpoints are kept as evidence.

        \b
        Examples:  kaipiao witness up --name witness.example/w1
                   kaipiao witness add-log "$(kaipiao log key)"
                   kaipiao witness key
        """,
    ),
)
def command() -> None:
    pass


@command.command(
    "up",
    help=t(
        """启动见证方并保持运行, 直到 Ctrl-C 或 SIGTERM。

        第一次启动须给出 --name (不含协议的网址), 建立密钥和记忆。两者不可分离: 丢失记忆的见证方
        拒绝启动, 须先用 kaipiao witness retire 退役, 再以新名称启动。--never-cosigned 仅用于
        你确知该密钥从未联署过的情形。

        就绪后 --ready-file 中有 JSON: url, vkey, pid, data。

        退出码: 0 正常停止, 2 设置有误、已在运行或记忆丢失。
        """,
        """Run a witness until Ctrl-C or SIGTERM.

        The first start needs --name (an address without its scheme) and makes the key and the
        memory.  They stay together: a witness that has lost its memory does not start.  Retire
        it (kaipiao witness retire) and start one under a new name.  --never-cosigned is for a
        key of which you know that it has never been used.

        Once it answers, --ready-file holds JSON: url, vkey, pid, data.

        Exits 0 after a stop, 2 if a setting is wrong, it runs already, or its memory is lost.
        """,
    ),
)
@click.option("--name", metavar="NAME", help=t("名称, 第一次启动时", "Its name, at first."))
@_DATA
@_LOGS
@click.option("--host", default="127.0.0.1", show_default=True, help=t("监听地址", "Address."))
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8730,
    show_default=True,
    help=t("端口, 0 任选", "Port; 0 takes a free one."),
)
@click.option(
    "--never-cosigned",
    is_flag=True,
    help=t("该密钥从未联署过: 建立空记忆", "This key was never used: make an empty memory."),
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("就绪后写入的文件", "Written when it answers, removed when it stops."),
)
def up(
    name: str | None,
    data: Path | None,
    logs: Path | None,
    host: str,
    port: int,
    never_cosigned: bool,
    ready_file: Path | None,
) -> None:
    from kaipiao.app.witness import RunningWitness, run_witness

    def announce(running: RunningWitness) -> None:
        say(
            t(
                f"就绪: {running.url}\n公钥: {running.vkey}\n"
                f"登记日志: kaipiao witness add-log 公钥 --data {running.data}\n停止: Ctrl-C",
                f"Ready: {running.url}\nKey: {running.vkey}\n"
                f"To watch a log: kaipiao witness add-log KEY --data {running.data}\n"
                "To stop: Ctrl-C",
            )
        )

    folder = _folder(data)
    running = run_witness(
        folder,
        name=name,
        roster=_roster(folder, logs),
        host=host,
        port=port,
        has_never_cosigned=never_cosigned,
        ready_file=ready_file,
        announce=announce,
    )
    with _TellWhy(folder):
        asyncio.run(running)
    say(t("已停止。", "Stopped."))


@command.command("key", help=t("见证方的公钥 (vkey)", "The witness's public key (vkey)."))
@_DATA
def key(data: Path | None) -> None:
    from kaipiao.evidence.witness.identity import load_cosigner

    folder = _folder(data)
    with _TellWhy(folder):
        say(str(load_cosigner(folder).key))


@command.command(
    "add-log",
    help=t(
        "登记要见证的日志; KEY 是其公钥。运行中的见证方立即生效。",
        "Watch a log; KEY is its public key.  A running witness knows at once.",
    ),
)
@click.argument("key", metavar="KEY")
@click.argument("url", required=False, default="")
@_DATA
@_LOGS
def add_log(key: str, url: str, data: Path | None, logs: Path | None) -> None:
    from kaipiao.evidence.note import parse_vkey
    from kaipiao.evidence.witness.roster import add_log as add

    folder = _folder(data)
    with _TellWhy(folder):
        vkey = parse_vkey(key)
        folder.mkdir(parents=True, exist_ok=True)
        is_new = add(_roster(folder, logs), vkey, url)
    if is_new:
        say(t(f"已登记: {vkey.name}", f"Watched from now on: {vkey.name}"))
    else:
        say(t(f"早已登记: {vkey.name}", f"Watched already: {vkey.name}"))


@command.command(
    "remove-log",
    help=t(
        "不再见证某日志。对它的记忆保留, 以后再登记也不能回退。",
        "Watch a log no longer.  The memory of it stays: added again, it cannot go back.",
    ),
)
@click.argument("origin")
@_DATA
@_LOGS
@click.pass_context
def remove_log(context: click.Context, origin: str, data: Path | None, logs: Path | None) -> None:
    from kaipiao.evidence.witness.roster import remove_log as remove

    folder = _folder(data)
    with _TellWhy(folder):
        count = remove(_roster(folder, logs), origin)
    if count:
        say(t(f"已移除 {origin}", f"{origin} is watched no longer"))
    else:
        say(t(f"清单中没有 {origin}", f"{origin} is not in the list"))
        context.exit(exits.NO)


@command.command(
    "status", help=t("见证的日志及其进度", "The logs that are watched, and where they stand.")
)
@_DATA
@_LOGS
@_JSON
def status(data: Path | None, logs: Path | None, as_json: bool) -> None:
    from kaipiao.app.witness import EXHIBITS_NAME, read_status
    from kaipiao.evidence.exhibits import Exhibits

    folder = _folder(data)
    with _TellWhy(folder):
        found = read_status(folder, _roster(folder, logs))
    if as_json:
        say_json(found)
        return
    say(found.vkey)
    head = (t("日志", "LOG"), t("见证到", "SIZE"), t("联署于", "COSIGNED"))
    rows = [
        (printable(log.origin), _or_dash(log.size), _when(log.cosigned_at)) for log in found.logs
    ]
    say_table([head, *rows], right=(1,))
    if count := len(Exhibits(folder / EXHIBITS_NAME).all()):
        say(
            t(
                f"有 {count} 件物证: kaipiao witness evidence",
                f"{count} exhibits are kept: kaipiao witness evidence",
            )
        )


@command.command(
    "evidence",
    help=t(
        """物证: 日志自己签过名而无法自圆其说的检查点。

        fork 本身即证明日志食言 (同一大小, 两个根)。unproven 可能只是有人送来错误的证明。

        退出码: 0 没有物证, 1 有。
        """,
        """What logs have signed themselves and cannot be reconciled.

        A fork proves by itself that a log broke its word (one size, two roots).  What is
        "unproven" may only have been somebody's wrong proof.

        Exits 0 if there is nothing, 1 if there is.
        """,
    ),
)
@_DATA
@_JSON
@click.pass_context
def evidence(context: click.Context, data: Path | None, as_json: bool) -> None:
    from kaipiao.app.witness import EXHIBITS_NAME
    from kaipiao.evidence.exhibits import Exhibits

    folder = _folder(data)
    found = Exhibits(folder / EXHIBITS_NAME).all()
    if as_json:
        say_json(found)
    elif not found:
        say(t("没有物证。", "There is nothing."))
    for exhibit in [] if as_json else found:
        say(
            f"{exhibit.received_at:%Y-%m-%d %H:%M:%SZ}  {exhibit.kind}  "
            f"{printable(exhibit.origin)}  {exhibit.held_size} / {exhibit.offered_size}\n"
            f"  {folder / EXHIBITS_NAME / exhibit.name}"
        )
    context.exit(exits.NO if found else exits.OK)


@command.command(
    "retire",
    help=t(
        """退役: 密钥和记忆移到 retired/, 不再使用。

        之后以新名称启动新的见证方, 并把新公钥告知各日志和读者。
        """,
        """Retire: key and memory are put aside in retired/, never to be used again.

        Then start a witness under a new name, and tell the logs and their readers its key.
        """,
    ),
)
@_DATA
def retire(data: Path | None) -> None:
    from kaipiao.app.witness import retire_stopped

    folder = _folder(data)
    with _TellWhy(folder):
        aside = retire_stopped(folder)
    say(
        t(
            f"已退役, 存于 {aside}。启动新的: kaipiao witness up --name 新名称 --data {folder}",
            f"Retired; it lies in {aside}. A new one: kaipiao witness up --name NEW-NAME "
            f"--data {folder}",
        )
    )


def _folder(data: Path | None) -> Path:
    if data is not None:
        return data
    from kaipiao.app.witness import default_witness_folder

    return default_witness_folder(os.environ)


def _roster(folder: Path, logs: Path | None) -> Path:
    from kaipiao.evidence.witness.roster import ROSTER_NAME

    return logs or folder / ROSTER_NAME


def _or_dash(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _when(seconds: int | None) -> str:
    return "-" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"


class _TellWhy:
    """Why a witness does not start, in the person's language, and what to type."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and (why := self._why(error)):
            raise click.UsageError(why) from None

    def _why(self, error: BaseException) -> str:
        from kaipiao.evidence.disk import FolderBusy
        from kaipiao.evidence.witness import identity

        if isinstance(error, FolderBusy):
            return t(f"{self._folder} 的见证方已在运行", f"it runs already in {self._folder}")
        if isinstance(error, identity.NoWitness):
            return t(
                f"{self._folder} 中还没有见证方: kaipiao witness up --name 名称",
                f"there is no witness in {self._folder} yet: kaipiao witness up --name NAME",
            )
        if isinstance(error, identity.MemoryLost):
            return t(
                f"记忆已丢失: {error}。它可能已联署过什么, 重新开始就可能为分叉作证。"
                f"请退役: kaipiao witness retire --data {self._folder}, 再以新名称启动。",
                f"the memory is lost: {error}. What it cosigned is not known, and it could be led "
                f"to witness a fork. Retire it: kaipiao witness retire --data {self._folder}, and "
                "start one under a new name.",
            )
        is_ours = isinstance(error, identity.OtherName | ValueError | FileExistsError)
        return str(error) if is_ours else ""
