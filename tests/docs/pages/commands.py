"""Every command, as its own help tells it.

Help texts are chosen by language when a module is imported, so they are asked of a process
of its own, in English and ninety characters wide, wherever this runs.
"""

import subprocess
import sys
from pathlib import Path

import click

from kaipiao.cli.exits import EXITS
from kaipiao.cli.main import COMMANDS, kaipiao
from tests.docs.markdown import row

ROOT = Path(__file__).parents[3]

INTRO = """\
# Commands

What `kaipiao --help` says, command by command. `./run COMMAND` sets up if need be, and is then the
same as `kaipiao COMMAND`.

| exit code | 中文 | English |
|---|---|---|
"""


def render() -> str:
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=ROOT,
        env={"KAIPIAO_LANG": "en", "HOME": "/nobody", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def compose() -> str:
    exits = [row(code, zh, en) for code, (zh, en) in EXITS.items()]
    context = click.Context(kaipiao, info_name="kaipiao", terminal_width=90)
    sections = [
        render_command(name, zh, context)
        for group in COMMANDS.values()
        for name, (zh, _) in group.items()
    ]
    return INTRO + "".join(exits) + "".join(sections)


def render_command(name: str, zh: str, parent: click.Context) -> str:
    command = kaipiao.get_command(parent, name)
    assert command is not None
    return f"\n## `kaipiao {name}`\n\n{zh}。\n" + "".join(
        f"\n```\n{text}\n```\n" for text in help_texts(command, name, parent)
    )


def help_texts(command: click.Command, name: str, parent: click.Context) -> list[str]:
    """Its help, and after it that of each command under it."""
    context = click.Context(command, info_name=name, parent=parent, terminal_width=90)
    texts = [command.get_help(context)]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            if (deeper := command.get_command(context, below)) is not None:
                texts += help_texts(deeper, below, context)
    return texts


if __name__ == "__main__":
    print(compose())
