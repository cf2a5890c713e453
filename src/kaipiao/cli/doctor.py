"""``kaipiao doctor``: what is wrong with this machine, and what to type."""

import click

from kaipiao.cli import exits
from kaipiao.cli.finding import Finding
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json

_MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


@click.command(
    "doctor",
    help=t(
        """检查本机能否运行单元, 每个问题都告诉您该输入什么。

        检查: Python、安装、磁盘空间与落盘速度、内存、端口、时钟、语言环境、PostgreSQL 程序、
        运行用户、数据目录、正在运行的单元、邮件中继、递送。

        \b
        例:  kaipiao doctor
             kaipiao doctor --data /srv/kaipiao --port 8720

        退出码: 0 可以运行 (可能有提醒), 1 有必须解决的问题。
        """,
        """Look whether a cell can run on this machine; every problem says what to type.

        Looks at Python, the installation, disk space and how fast it makes things durable,
        memory, the port, the clock, the locale, the PostgreSQL programs, the user, the data
        folder, the running cell, the mail relay and deliveries.

        \b
        Examples:  kaipiao doctor
                   kaipiao doctor --data /srv/kaipiao --port 8720

        Exits 0 if a cell can run (there may be warnings), 1 if something must be put right.
        """,
    ),
)
@click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))
@click.option("--port", metavar="N", help=t("打算使用的端口", "The port it should listen on."))
@click.option("--json", "as_json", is_flag=True, help=t("每项一行 JSON", "One JSON object a line."))
@click.pass_context
def command(context: click.Context, data: str | None, port: str | None, as_json: bool) -> None:
    from kaipiao.cli.examine import examine

    findings = []
    for finding in examine({"data": data, "port": port}):
        findings.append(finding)
        if as_json:
            say_json(finding)
        else:
            _show(finding)
    worst = "error" if any(f.level == "error" for f in findings) else ""
    if not as_json:
        say(_conclusion(findings))
    context.exit(exits.NO if worst else exits.OK)


def _show(finding: Finding) -> None:
    say(f"{_MARKS[finding.level]} {t(finding.zh, finding.en)}")
    if advice := t(finding.advice_zh, finding.advice_en):
        say(f"    → {advice}")


def _conclusion(findings: list[Finding]) -> str:
    errors = sum(f.level == "error" for f in findings)
    if errors:
        return t(
            f"\n有 {errors} 个问题必须解决。", f"\n{errors} to put right before a cell can run."
        )
    if any(f.what == "cell" and f.is_running for f in findings):
        return t("\n一切正常。", "\nAll is well.")
    return t("\n可以运行: kaipiao up", "\nReady. Type: kaipiao up")
