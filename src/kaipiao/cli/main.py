"""``kaipiao``: finds the command, and turns every way to fail into an exit code.

Nothing is imported here but click and our own texts: a command that only reads a file should
not pay for an HTTP client, and ``--help`` should be there at once.
"""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import cast

import click

from kaipiao.cli import exits
from kaipiao.cli.language import Language, choose, t

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "cell": {
        "demo": ("从零演示全过程: 开票、冲红、离线查验", "The main job from nothing, to look at"),
        "up": ("启动本机单元并保持运行", "Start a cell on this machine and keep it running"),
        "doctor": ("本机有什么问题, 该输入什么", "What is wrong with this machine, what to type"),
        "key": ("API 密钥: 新建、列出、吊销", "API keys: create, list, revoke"),
        "audit": ("审计日志: 谁做了什么, 有没有被改动", "Who did what; has anyone changed it"),
        "archive": ("旧发票移出数据库, 照常可查", "Old invoices leave the database, still found"),
        "erase": ("依法删除一张发票的内容", "Destroy one invoice's content, as law demands"),
        "credit": ("授信额度: 授予、调整、查看", "Credit lines: grant, adjust, show"),
    },
    "invoice": {
        "issue": ("开票: JSON、NDJSON、XLSX 文件", "Issue invoices from JSON, NDJSON or XLSX"),
        "check": ("只校验草稿, 不开票", "Check drafts against all rules; issue nothing"),
        "template": ("生成空白开票表格", "Write an empty sheet to fill in"),
        "show": ("查看一张发票", "Show one invoice"),
        "list": ("列出某销方的发票", "List a seller's invoices"),
        "reverse": ("冲红, 全部或部分", "Reverse an invoice, wholly or in part"),
        "confirm": ("红字确认单", "Red-letter confirmation forms"),
    },
    "delivery": {
        "mail": ("用邮件发送发票; 邮件规则", "Send an invoice by mail; rules that do it always"),
        "webhook": ("webhook: 新建、测试、重发", "Webhooks: create, test, replay"),
        "link": ("会过期的下载链接", "Download links that expire"),
        "deliver": ("递送记录、重发、整月下载", "What was sent, send it again; a month as a ZIP"),
    },
    "proof": {
        "seal": ("签章: 查看、离线核对、服务商", "Seals by vendors: show, verify, whom to trust"),
        "receipt": ("取回存证回执", "Fetch the proof of an invoice"),
        "verify": ("查验: 离线凭回执, 或按票面信息", "Verify: offline by receipt, or by fields"),
        "read": ("读取 XML、OFD、PDF、二维码发票", "Read an XML, OFD or PDF invoice, or a QR code"),
        "log": ("存证日志: 检查点、公钥、一致性", "Evidence log: checkpoint, key, consistency"),
        "mirror": ("镜像: 复制日志, 证明并提供", "Copy a log, prove every file of it, serve it"),
        "witness": ("见证: 记住他人的日志说过的话", "Watch somebody else's log, and cosign it"),
    },
    "continuity": {
        "cluster": ("集群: 实验环境、状态、切换", "Three machines: a lab, status, switchover"),
        "node": ("集群成员: 在本机运行并保持运行", "One member of a cluster, kept running here"),
        "drill": ("演练: 在负载下弄坏, 再逐条核对", "Break a cell under load, judge every word"),
        "release": ("发布与回退: 不停机换程序", "A new program under load; and back again"),
        "backup": ("备份: 立刻做一次、持续、核对", "Back up: now, as it is written; prove it"),
        "restore": ("从备份恢复单元, 并证明", "Bring a cell back from a backup, proved"),
        "recover": ("修复: 熔断、隔离、重构已知故障", "Find what is broken; rebuild what is safe"),
        "shadow": (
            "双轨并行: 第二个版本照样开, 逐张比对",
            "Ask a second version the same; compare",
        ),
    },
}
"""Every command, with the line that the overview shows, so that none need be imported for it."""

_TITLES = {
    "cell": ("单元", "The cell"),
    "invoice": ("发票", "Invoices"),
    "delivery": ("递送", "Delivery"),
    "proof": ("查验与存证", "Verification and evidence"),
    "continuity": ("不间断", "Keeping it running"),
}


class Kaipiao(click.Group):
    """The overview; imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for group in COMMANDS.values() for name in group]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"kaipiao.cli.{cmd_name}")
        return cast(click.Command, module.command)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.indentation():
            formatter.write_paragraph()
            formatter.write_text(
                t(
                    "开票: 不停歇的电子发票平台。先试试 kaipiao demo。",
                    "Electronic invoices that keep being issued. To see it: kaipiao demo.",
                )
            )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Command.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, commands in COMMANDS.items():
            with formatter.section(t(*_TITLES[group])):
                formatter.write_dl([(name, t(*line)) for name, line in commands.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(t("退出码", "Exit codes")):
            formatter.write_dl([(str(code), t(*line)) for code, line in exits.EXITS.items()])


def _choose_language(_: click.Context, __: click.Parameter, value: str | None) -> None:
    if value:
        choose(cast(Language, value))


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"kaipiao {version('kaipiao')}")
        context.exit()


@click.command(cls=Kaipiao, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    is_eager=True,
    expose_value=False,
    callback=_choose_language,
    help="中文 / English",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help=""
)
def kaipiao() -> None:
    """Replaced by ``Kaipiao.format_help_text``."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The program: runs one command and exits with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code.  Only a defect shows a traceback."""
    try:
        # Not kaipiao.main(): it turns a closed pipe into exit code 1, which means "no" here.
        with kaipiao.make_context("kaipiao", list(arguments or sys.argv[1:])) as context:
            kaipiao.invoke(context)
        sys.stdout.flush()
        return exits.OK
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            t("\n已中断。再次运行会接着做。", "\nInterrupted. Run it again to carry on."), err=True
        )
        return exits.INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more on its way out: give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.PIPE_CLOSED
    except Exception as error:
        return _explain(error)


def _explain(error: Exception) -> int:
    """The exit code of a failure, told to the person; a defect keeps its traceback."""
    for explain in _explainers():
        if (code := explain(error)) is not None:
            return code
    import traceback

    traceback.print_exception(error)
    click.echo(t(*exits.EXITS[exits.DEFECT]), err=True)
    return exits.DEFECT


def _explainers() -> list[Callable[[Exception], int | None]]:
    from kaipiao.cli.failures import explain

    return [explain]
