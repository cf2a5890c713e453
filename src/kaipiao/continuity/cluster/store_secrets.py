"""What an etcd that is not ours asks for: files of its operator, in each member's bundle.

    secrets/etcd/ca.crt      whom we believe (needed with https)
    secrets/etcd/client.pem  our certificate and its key, if it asks for one
    secrets/etcd/password    of ``dcs.user``, if it asks for one

``kaipiao cluster init --etcd FOLDER`` takes them into the bundles.
"""

import ssl
from pathlib import Path

from kaipiao.base.secret_file import read_secret
from kaipiao.base.unreadable import Unreadable
from kaipiao.continuity.cluster.description import Dcs, Description
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.tls import context_of, tls_here

FOLDER = "etcd"
AUTHORITY, CLIENT, PASSWORD = "ca.crt", "client.pem", "password"
FILES = (AUTHORITY, CLIENT)
NAMES = (*FILES, PASSWORD)
PASSWORD_CHARS_MAX = 1_024


class StoreSecretsMissing(Unreadable):
    """The description needs files of the etcd's operator that are not in ``folder``."""

    def __init__(self, folder: Path, missing: list[str]) -> None:
        names = ", ".join(missing)
        super().__init__(
            str(folder),
            zh=f"缺少 {names}: 外部 etcd 需要这些文件。请放入一个文件夹, 再执行 "
            "kaipiao cluster init --etcd 文件夹, 并把 secrets 送到各成员。",
            en=f"{names} of your etcd are missing. Put them into a folder, type kaipiao cluster "
            "init --etcd FOLDER, and carry secrets to each member.",
        )


def check_store_secrets(dcs: Dcs, folder: Path) -> None:
    """Raises StoreSecretsMissing: all that is needed and not there."""
    is_secret = any(one.startswith("https:") for one in dcs.endpoints)
    needed = [AUTHORITY] * is_secret + [PASSWORD] * bool(dcs.user)
    if missing := [name for name in needed if not (folder / name).exists()]:
        raise StoreSecretsMissing(folder, missing)


def compose_store_login(dcs: Dcs, folder: Path) -> dict[str, str]:
    """What Patroni shows an etcd that is not ours; the password's file is ``folder``'s.

    Raises:
        StoreSecretsMissing; ValueError: others on this machine may read the password.
    """
    check_store_secrets(dcs, folder)
    if not dcs.user:
        return {}
    password = read_secret(folder / PASSWORD, chars_max=PASSWORD_CHARS_MAX).strip()
    return {"username": dcs.user, "password": password}


def compose_store_files(folder: Path) -> dict[str, str]:
    """The certificates that Patroni uses with it, where the account may read them."""
    found: dict[str, str] = {}
    if (folder / AUTHORITY).exists():
        found["cacert"] = str(folder / AUTHORITY)
    if (folder / CLIENT).exists():
        found |= dict.fromkeys(("cert", "key"), str(folder / CLIENT))
    return found


def store_context(description: Description) -> ssl.SSLContext | None:
    """To ask it ourselves; None where it is asked without TLS.  Raises CertificatesMissing."""
    if description.dcs.run:
        return context_of(tls_here(description))
    homes = [home_of(description, member) for member in description.members]
    folder = next((h.secrets for h in homes if h.secrets.exists()), homes[0].secrets) / FOLDER
    if not (folder / AUTHORITY).exists():
        return None
    context = ssl.create_default_context(cafile=str(folder / AUTHORITY))
    if (folder / CLIENT).exists():
        context.load_cert_chain(folder / CLIENT)
    return context
