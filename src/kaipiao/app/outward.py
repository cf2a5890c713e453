"""What the operator says about the outside: the mail relay, networks that webhooks may reach,
who seals.
"""

from pathlib import Path

from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.delivery.sending.relay import Relay
from kaipiao.delivery.sending.targets import Network, parse_networks
from kaipiao.seal.roster import FILE_NAME, Listed, RosterWrong, read_roster

PASSWORD_NAME = "mail-password"  # noqa: S105  the name of the file
_OTHERS = 0o077


def networks_of(settings: Settings) -> tuple[Network, ...]:
    """Raises SettingsWrong."""
    try:
        return parse_networks(settings.webhook_networks)
    except ValueError as error:
        said = str(error)
        raise SettingsWrong("webhook_networks", "webhook_networks", zh=said, en=said) from None


def relay_of(settings: Settings, folder: Path) -> Relay | None:
    """The mail relay, if there is one.  Raises SettingsWrong."""
    if not settings.mail_host:
        return None
    if not settings.mail_from:
        raise SettingsWrong(
            "mail_from", "mail_host", zh="设置了 mail_host 时必须给出", en="needed with mail_host"
        )
    return Relay(
        host=settings.mail_host,
        port=settings.mail_port,
        security=settings.mail_security,
        sender=settings.mail_from,
        user=settings.mail_user,
        password=read_password(folder / PASSWORD_NAME) if settings.mail_user else "",
    )


def read_password(path: Path) -> str:
    """The relay's password, from a file that only its owner can read.  Raises SettingsWrong."""
    try:
        if path.stat().st_mode & _OTHERS:
            raise SettingsWrong(
                "mail_user", str(path), zh=f"他人可读; 输入 chmod 600 {path}",
                en=f"others may read it; type: chmod 600 {path}",
            )  # fmt: skip
        return path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        said = f"{path}: {error.strerror}"
        raise SettingsWrong("mail_user", str(path), zh=said, en=said) from None


def roster_of(settings: Settings) -> list[Listed]:
    """The cell's vendors.  Raises SettingsWrong, with every fault."""
    try:
        return read_roster(Path(settings.data))
    except RosterWrong as wrong:
        said = "\n  ".join(["", *wrong.faults])
        raise SettingsWrong(FILE_NAME, str(wrong.path), zh=said, en=said) from None
