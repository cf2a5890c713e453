"""``kaipiao cluster init``: every secret of a cluster, made once, one bundle for each member.

    DIR/n1/secrets/     to be FOLDER/n1/cell/secrets on the machine of n1
    DIR/n2/secrets/     the same, byte for byte, but for tls/member.pem: each has its own
    DIR/authority/      issued those; stays with the operator (``kaipiao cluster renew``)

All members write one log and seal with one seal, whoever leads, so they hold the same keys.
Run again, it makes what is missing and changes nothing that is there.
"""

import filecmp
import shutil
from pathlib import Path

from kaipiao.app.audit_log import open_audit_key
from kaipiao.app.clock import SystemClock
from kaipiao.app.first_key import make_first_key
from kaipiao.app.folder import CellFolder
from kaipiao.app.log_keys import open_log_keys
from kaipiao.app.node import cell_environment, check_settings
from kaipiao.base.durable import write_whole
from kaipiao.base.unreadable import Unreadable
from kaipiao.continuity.cluster.certificates import issue, make_authority, open_authority
from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.cluster.places import MEMBER as MEMBER_PEM
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.secrets import make_passwords
from kaipiao.continuity.cluster.store_secrets import FOLDER as STORE
from kaipiao.continuity.cluster.store_secrets import NAMES as STORE_NAMES
from kaipiao.continuity.cluster.store_secrets import check_store_secrets
from kaipiao.continuity.cluster.tls import FOLDER as TLS
from kaipiao.delivery.sending.secret import open_delivery_key
from kaipiao.seal.document_key import open_document_key
from kaipiao.seal.local import open_seal

AUTHORITY = "authority"
"""No member's name: it is too long for one."""


class BundlesDiffer(Unreadable):
    """Two members hold different secrets; nothing was replaced."""

    def __init__(self, one: Path, other: Path) -> None:
        super().__init__(
            str(one),
            zh=f"与 {other} 内容不同。请确认哪一份在用, 再删除另一份后重新执行。",
            en=f"differs from {other}. Find out which is in use, remove the other, and repeat.",
        )


def make_bundles(description: Description, out: Path, *, etcd: Path | None = None) -> list[Path]:
    """Make them; the folder of each member.

    ``etcd``: where the operator of an etcd that is not ours put what it asks for.

    Raises:
        StoreSecretsMissing: that etcd needs something that is not there.
        SettingsWrong: the cell's settings cannot be used.
        BundlesDiffer: bundles are there and disagree.
        ValueError: a key that is there cannot be read.
    """
    bundles = [out / member.name for member in description.members]
    for bundle in bundles:
        bundle.mkdir(mode=0o700, parents=True, exist_ok=True)
    first, *others = (bundle / "secrets" for bundle in bundles)
    _make_secrets(description, first)
    if etcd is not None:
        _take_store_secrets(etcd, first / STORE)
    check_store_secrets(description.dcs, first / STORE)
    for other in others:
        copy_secrets(first, other)
    make_authority(out / AUTHORITY, description.name, now=SystemClock().now())
    renew_certificates(description, out, only_missing=True)
    return bundles


def renew_certificates(
    description: Description, out: Path, *, only_missing: bool = False
) -> list[Path]:
    """A new certificate and key for every member, in its bundle; those that were written.

    Raises:
        NoAuthority: ``out`` is not where the cluster's bundles were made.
        ValueError: the authority's key cannot be read.
    """
    authority, written = open_authority(out / AUTHORITY), []
    for member in description.members:
        folder = out / member.name / "secrets" / TLS
        if not (only_missing and (folder / MEMBER_PEM).exists()):
            issue(authority, description, member, folder, now=SystemClock().now())
            written.append(folder)
    return written


def put_in_place(description: Description, out: Path) -> None:
    """In a lab all members are here: each bundle goes where its member looks for it."""
    for member in description.members:
        cell = home_of(description, member).cell
        cell.mkdir(parents=True, exist_ok=True)
        bundle = out / member.name / "secrets"
        copy_secrets(bundle, cell / "secrets")
        shutil.copytree(bundle / TLS, cell / "secrets" / TLS, dirs_exist_ok=True)


def copy_secrets(source: Path, target: Path) -> None:
    """Copy what is not there yet, and no certificates: each member has its own, and they change.

    Raises BundlesDiffer: a file is there and is another.
    """
    target.mkdir(mode=0o700, exist_ok=True)
    for path in sorted(source.rglob("*")):
        if (source / TLS) in (path, path.parent):
            continue
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(mode=0o700, exist_ok=True)
        elif not copy.exists():
            shutil.copy2(path, copy)
        elif not filecmp.cmp(path, copy, shallow=False):
            raise BundlesDiffer(copy, path)


def _take_store_secrets(given: Path, target: Path) -> None:
    """What is given replaces what was there: its operator renews it."""
    target.mkdir(mode=0o700, exist_ok=True)
    for name in STORE_NAMES:
        if (given / name).exists():
            write_whole(target / name, (given / name).read_bytes())


def _make_secrets(description: Description, secrets: Path) -> None:
    """Everything that a cell would make for itself at its first start, and the passwords."""
    environ = cell_environment(description, description.members[0], {})
    settings = check_settings(environ)
    folder, now = CellFolder(str(secrets.parent)), SystemClock().now()
    secrets.mkdir(mode=0o700, exist_ok=True)
    make_passwords(secrets)
    open_log_keys(folder, settings, now=now)
    open_audit_key(folder, settings)
    open_delivery_key(secrets)
    open_seal(secrets, settings.log_origin, now=now)
    open_document_key(secrets, settings.log_origin, now=now)
    make_first_key(folder)
