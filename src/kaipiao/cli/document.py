"""``kaipiao show NUMBER --as KIND``: an invoice as a document, into a file or a pipe."""

import os
import shutil
import sys
from pathlib import Path

import click

from kaipiao.base.durable import write_whole
from kaipiao.cli.language import t
from kaipiao.cli.picture import encode_picture, way_of
from kaipiao.cli.terminal import say, warn
from kaipiao.client.client import Client
from kaipiao.client.problem import Problem

KINDS = ("xml", "ofd", "pdf", "png", "xbrl", "ofd-xbrl", "pdf-xbrl")
TEXTS = frozenset({"xml", "xbrl"})
CARRIES_RECEIPT = frozenset(KINDS) - {"png", "xbrl"}
FILE_MODE = 0o644


def show_document(client: Client, number: str, kind: str, output: Path | None) -> None:
    """Fetch it and hand it over: into a file, a pipe, or onto a terminal that can show it.

    Raises:
        click.UsageError: it would only disturb a terminal.
    """
    way = way_of(os.environ) if kind == "png" else None
    on_terminal = output is None and sys.stdout.isatty()
    if on_terminal and kind not in TEXTS and way is None:
        raise click.UsageError(_cannot_show(kind))
    content = fetch(client, number, kind)
    if output is not None:
        write_whole(output, content, mode=FILE_MODE)
        say(t(f"已写入 {output} ({len(content)} 字节)", f"Wrote {output} ({len(content)} bytes)"))
    elif on_terminal and way:
        columns = shutil.get_terminal_size().columns
        click.echo(encode_picture(content, way, columns), nl=False)
    else:
        click.echo(content, nl=False)


def _cannot_show(kind: str) -> str:
    if kind == "png":
        return t(
            "这个终端不能显示图片 (能显示的: kitty、iTerm2、WezTerm、foot 等): "
            "请用 -o 文件, 或用管道接走。",
            "This terminal cannot show pictures (kitty, iTerm2, WezTerm, foot and some more "
            "can): use -o FILE, or a pipe.",
        )
    return t(
        f"{kind} 不能显示在终端上: 请用 -o 文件, 或用管道接走。",
        f"A terminal cannot show {kind}: use -o FILE, or a pipe.",
    )


def fetch(client: Client, number: str, kind: str) -> bytes:
    """With its receipt inside; without, and saying so, where the log cannot give one for long."""
    try:
        return client.rendition(number, kind)
    except Problem as problem:
        if problem.code != "proof-not-ready":
            raise
    warn(
        t(
            "存证尚未就绪: 此文件不含回执, 不能离线查验。稍后重取即可。",
            "The proof is not ready: this document carries no receipt and cannot be verified "
            "offline. Fetch it again later.",
        )
    )
    return client.rendition(number, kind, needs_receipt=False)
