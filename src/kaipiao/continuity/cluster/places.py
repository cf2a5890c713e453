"""Where everything of a member lies: FOLDER/MEMBER/.

    cell/         an ordinary cell: secrets, evidence, logs
    postgres/     the unprivileged account's: data, socket, what PostgreSQL says
    patroni/      ours: ``patroni.yml`` (the account's alone to read), what it says before its log
    patroni/own/  the account's: raft's journal, the password file that Patroni writes
    patroni/log/  the account's: what Patroni says
    tls/          ours: certificates, where the account may read them (``tls.py``)
    etcd/         ours: its orders; etcd/data is the account's (``etcd.py``)
    route/        ours: Envoy's ``envoy.json`` and log
    node.json     what runs, by role

Root never writes where the account could have put a link instead.
"""

import os
from pathlib import Path
from typing import NamedTuple

from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.ledger.embedded.account import Account, can_enter, choose_account, give
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.places import make_folder

AUTHORITY = "ca.crt"
MEMBER = "member.pem"


class Tls(NamedTuple):
    """The two files of a member, in its secrets or as its account reads them."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / AUTHORITY

    @property
    def member(self) -> Path:
        return self.folder / MEMBER


class Home(NamedTuple):
    """The folder of one member."""

    path: Path

    @property
    def cell(self) -> Path:
        return self.path / "cell"

    @property
    def secrets(self) -> Path:
        return self.cell / "secrets"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def data(self) -> Path:
        return self.postgres / "data"

    @property
    def sockets(self) -> Path:
        return self.postgres / "run"

    @property
    def postgres_log(self) -> Path:
        return self.postgres / "log"

    @property
    def ballast(self) -> Path:
        """On the database's disk: given up when a switchover needs room (``guard.py``)."""
        return self.postgres / "reserved"

    @property
    def patroni(self) -> Path:
        return self.path / "patroni"

    @property
    def patroni_own(self) -> Path:
        return self.patroni / "own"

    @property
    def patroni_log(self) -> Path:
        return self.patroni / "log"

    @property
    def patroni_file(self) -> Path:
        return self.patroni / "patroni.yml"

    @property
    def tls(self) -> Tls:
        """As the account reads them; ``secrets`` is closed to it."""
        return Tls(self.path / "tls")

    @property
    def store_files(self) -> Path:
        """Certificates for an etcd that is not ours, as the account reads them."""
        return self.path / "tls" / "etcd"

    @property
    def etcd(self) -> Path:
        return self.path / "etcd"

    @property
    def route(self) -> Path:
        return self.path / "route"

    @property
    def route_file(self) -> Path:
        return self.route / "envoy.json"

    @property
    def node_file(self) -> Path:
        return self.path / "node.json"


def home_of(description: Description, member: Member) -> Home:
    return Home(description.folder / member.name)


def make_home(home: Home) -> Account:
    """Make the folders; the account that runs PostgreSQL, Patroni and Envoy.

    Raises:
        DatabaseWontStart: there is no such account, or it cannot reach the folder.
    """
    home.path.mkdir(parents=True, exist_ok=True)
    account = choose_account(home.data)
    is_other = account.uid != os.geteuid()
    if is_other:
        home.path.chmod(0o711)
    for folder in (home.patroni, home.route, home.tls.folder, home.store_files, home.etcd):
        make_folder(folder, mode=0o711 if is_other else 0o700)
    if not can_enter(account, home.patroni):
        raise _unreachable(home.path, account)
    for folder in (home.postgres, home.patroni_own, home.patroni_log, home.etcd / "data"):
        make_folder(folder, mode=0o700, owner=account)
    give(home.postgres, account)  # a disk of its own may be mounted there, and is root's
    for folder in (home.sockets, home.postgres_log):
        make_folder(folder, mode=0o700, owner=account)
    return account


def _unreachable(folder: Path, account: Account) -> DatabaseWontStart:
    return DatabaseWontStart(
        zh=f"用户 {account.name} 无法进入 {folder}。请在集群描述中把 folder 放到它能进入的位置, "
        "例如 /var/lib/kaipiao/名称。",
        en=f"User {account.name} cannot enter {folder}. Name a folder in the description that it "
        "can enter, such as /var/lib/kaipiao/NAME.",
    )
