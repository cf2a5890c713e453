"""What ``kaipiao doctor`` looks at in deliveries: the relay, the key, what did not arrive."""

import socket
import ssl
from pathlib import Path

from kaipiao.app.folder import CellFolder, Running, read_running
from kaipiao.app.outward import networks_of, relay_of
from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.cli.finding import Finding
from kaipiao.cli.reach import cell
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.retry import Budget
from kaipiao.delivery.sending.relay import Relay
from kaipiao.delivery.sending.secret import KEY_NAME

ASK_TIMEOUT_S = 3.0
_OTHERS = 0o077


def look_at_relay(settings: Settings) -> Finding:
    """Does a mail server greet us there?"""
    try:
        relay = relay_of(settings, CellFolder(settings.data).secrets)
        networks_of(settings)
    except SettingsWrong as wrong:
        return Finding(what="mail", level="error", zh=wrong.zh, en=wrong.en)
    if relay is None:
        return Finding(
            what="mail",
            level="ok",
            zh="未设置邮件中继, 不发邮件",
            en="No mail relay is set: no mail is sent",
        )
    said = _greeting(relay)
    fine, place = said.startswith("220"), f"{relay.host}:{relay.port}"
    return Finding(
        what="mail",
        level="ok" if fine else "warning",
        zh=f"邮件中继 {place} {'有应答' if fine else f'没有应答: {said}'}",
        en=f"The mail relay {place} {'answers' if fine else f'does not answer: {said}'}",
        advice_zh="" if fine else "检查设置 mail_host、mail_port、mail_security; 邮件会等待重试",
        advice_en=""
        if fine
        else "Look at mail_host, mail_port, mail_security; mail waits meanwhile",
    )


def look_at_deliveries(settings: Settings) -> Finding:
    """Is there a process that sends, a key nobody else can read, something that did not arrive?"""
    folder = CellFolder(settings.data)
    key = folder.secrets / KEY_NAME
    if key.exists() and key.stat().st_mode & _OTHERS:
        return Finding(
            what="deliveries",
            level="error",
            zh=f"他人可读取 {key}",
            en=f"Others may read {key}",
            advice_zh=f"输入: chmod 600 {key}",
            advice_en=f"Type: chmod 600 {key}",
        )
    running = read_running(folder)
    if running is not None and _has_dead(running):
        return Finding(
            what="deliveries",
            level="warning",
            zh="有未送达的递送",
            en="Some deliveries did not arrive",
            advice_zh="查看: kaipiao deliver list --state dead",
            advice_en="To see them: kaipiao deliver list --state dead",
        )
    if settings.deliverers == 0:
        return Finding(
            what="deliveries",
            level="warning",
            zh="本机没有递送进程 (deliverers = 0)",
            en="No process sends on this machine (deliverers = 0)",
            advice_zh="确认别处有: kaipiao deliver run",
            advice_en="Make sure that one runs elsewhere: kaipiao deliver run",
        )
    return Finding(what="deliveries", level="ok", zh="递送无异常", en="Deliveries are in order")


def _greeting(relay: Relay) -> str:
    """The first line of the server, or what went wrong."""
    try:
        with socket.create_connection((relay.host, relay.port), ASK_TIMEOUT_S) as line:
            line.settimeout(ASK_TIMEOUT_S)
            if relay.security == "tls":
                context = ssl.create_default_context()
                with context.wrap_socket(line, server_hostname=relay.host) as secured:
                    return secured.recv(200).decode(errors="replace").strip()
            return line.recv(200).decode(errors="replace").strip()
    except OSError as error:
        return str(error)


def _has_dead(running: Running) -> bool:
    """As far as the cell says; a cell that does not answer is another finding."""
    try:
        with cell(running.url, Path(running.key_file), budget=Budget(0)) as client:
            return any(client.deliveries.find(in_state="dead"))
    except (OSError, Problem, Unreachable):
        return False
