"""``kaipiao restore --cluster``: one member of a cluster comes back; the others copy it.

1. restore   into a folder beside the member's own, proved like any other
2. bundles   the secrets from the backup, for every member; and a certificate for each
3. place     the cell's files and the database go where ``kaipiao node up`` looks for them

Patroni takes a database that is there for the cluster's, if its store knows of none yet.
"""

import json
import shutil
from pathlib import Path

import msgspec

from kaipiao.app.bring_back import Restored, Wanted, restore_cell
from kaipiao.app.bundles import copy_secrets, make_bundles
from kaipiao.continuity.backup.restore import forget_restore
from kaipiao.continuity.backup.saying import Say
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.node import read_node
from kaipiao.continuity.cluster.patroni import compose_patroni
from kaipiao.continuity.cluster.places import Home, home_of, make_home
from kaipiao.continuity.cluster.tls import FOLDER as TLS
from kaipiao.continuity.cluster.view import NOTE
from kaipiao.ledger.embedded.account import Account, run_as
from kaipiao.ledger.embedded.places import Places, find_home
from kaipiao.ledger.embedded.programs import find_programs, make_reachable
from kaipiao.ledger.embedded.settings import fit_size

SCRATCH = "restored"
CONFIG = "patroni.dynamic.json"
"""What Patroni last knew of the shared configuration; from it a store that is empty is filled."""
OF_THE_MOMENT = ("slots", "pause", NOTE)


async def restore_member(
    description: Description, member: Member, wanted: Wanted, bundles: Path, *, say: Say
) -> Restored:
    """Restore a cluster's backup as this member, which does not run and holds nothing.

    Raises:
        BackupWrong: it runs, or holds data; or as ``restore_cell``.
        BundlesDiffer: ``bundles`` are another cluster's.
    """
    home = home_of(description, member)
    _check_empty(home)
    scratch = home.path / SCRATCH
    home.path.mkdir(parents=True, exist_ok=True)
    restored = await restore_cell(scratch, wanted, say=say)
    _check_named(description, restored, scratch)
    copy_secrets_to_all(description, scratch / "secrets", bundles)
    place_bundle(bundles / member.name / "secrets", home)
    account = make_home(home)
    _place_cell(scratch, home)
    _place_database(scratch, home, account)
    _write_config(description, member, home, account)
    shutil.rmtree(home.patroni_own / "raft", ignore_errors=True)  # it would know the lost cluster
    shutil.rmtree(scratch)
    return msgspec.structs.replace(restored, data=str(home.path))


def _check_named(description: Description, restored: Restored, scratch: Path) -> None:
    """A log that goes on under another name is named so on every member."""
    if not restored.new_log or description.settings.get("log_origin") == restored.new_log:
        return
    forget_restore(scratch)
    line = f'log_origin = "{restored.new_log}"'
    raise BackupWrong(
        zh=f"请先在 {description.file} 的 [settings] 中写 {line}, 再执行一次。没有放回任何内容。",
        en=f"Write {line} into [settings] of {description.file} first, and repeat. Nothing was put "
        "in place.",
    )


def copy_secrets_to_all(description: Description, secrets: Path, bundles: Path) -> None:
    """Bundles with the backup's secrets for every member; what is missing is made.

    Raises BundlesDiffer: there are others.
    """
    first = bundles / description.members[0].name / "secrets"
    first.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy_secrets(secrets, first)
    make_bundles(description, bundles)


def place_bundle(bundle: Path, home: Home) -> None:
    """Secrets and certificates of a member where it looks for them.  Raises BundlesDiffer."""
    home.cell.mkdir(parents=True, exist_ok=True)
    copy_secrets(bundle, home.secrets)
    shutil.copytree(bundle / TLS, home.secrets / TLS, dirs_exist_ok=True)


def _check_empty(home: Home) -> None:
    if read_node(home) is not None:
        raise BackupWrong(
            zh=f"成员 {home.path.name} 正在运行。请先停止: systemctl stop, 或 kaipiao cluster down",
            en=f"Member {home.path.name} runs. Stop it first: systemctl stop, or kaipiao "
            "cluster down",
        )
    if home.data.exists() and any(home.data.iterdir()):
        raise BackupWrong(
            zh=f"{home.data} 中已有数据。整个集群都已丢失时才这样恢复; 请先把它移开。",
            en=f"{home.data} holds data. This is for a cluster that is lost as a whole: move that "
            "away first. If another member lives, have it copied: kaipiao cluster reinit",
        )


def _place_cell(scratch: Path, home: Home) -> None:
    """Everything of the cell but its secrets, which came with the bundle, and its database."""
    for path in scratch.iterdir():
        if path.name in ("secrets", "postgres", "postgres.elsewhere", "run", "logs"):
            continue
        there = home.cell / path.name
        if there.is_dir():
            shutil.rmtree(there)
        shutil.move(path, there)


def _place_database(scratch: Path, home: Home, account: Account) -> None:
    found = find_home(scratch)
    assert found, "it was restored there"
    if home.data.exists():
        home.data.rmdir()
    try:
        (found / "data").rename(home.data)
    except OSError:  # a disk of its own is mounted there
        done = run_as(account, ["cp", "-a", found / "data", home.data])
        if done.returncode != 0:
            raise OSError(done.stdout) from None
        shutil.rmtree(found / "data")


def _write_config(description: Description, member: Member, home: Home, account: Account) -> None:
    """The shared configuration as it was; without what belonged to that moment."""
    path = home.data / CONFIG
    if path.exists():
        config = json.loads(path.read_bytes())
    else:  # the backup was taken on one machine
        programs = make_reachable(find_programs(written_by=_major(home)), account)
        size = fit_size(Places(home.postgres, home.secrets, home.sockets))
        whole = compose_patroni(description, member, home, programs, size)
        config = whole["bootstrap"]["dcs"]
    kept = {name: value for name, value in config.items() if name not in OF_THE_MOMENT}
    done = run_as(account, ["/bin/sh", "-c", 'cat > "$1"', "sh", path], input=json.dumps(kept))
    if done.returncode != 0:
        raise OSError(done.stdout)


def _major(home: Home) -> int:
    return int((home.data / "PG_VERSION").read_text(encoding="ascii"))
