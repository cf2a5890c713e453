"""Everything that must be true before the server can be started; all of it is safe to repeat."""

from pathlib import Path
from typing import NamedTuple

from kaipiao.ledger.embedded.account import Account, choose_account
from kaipiao.ledger.embedded.cluster import make_cluster, written_by
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.lock import SupervisorLock
from kaipiao.ledger.embedded.places import Places, find_home, make_places
from kaipiao.ledger.embedded.programs import Programs, find_programs, make_reachable
from kaipiao.ledger.embedded.settings import LOGINS, Size, fit_size, render_settings
from kaipiao.ledger.embedded.survivors import stop_survivors


class Wish(NamedTuple):
    folder: Path
    size: Size | None  # None: fitted to the machine
    programs: Programs | None  # None: looked for
    shared: Path


class Prepared(NamedTuple):
    places: Places
    programs: Programs
    account: Account
    lock: SupervisorLock  # taken


def prepare(wish: Wish) -> Prepared:
    """Folders, lock, cluster and settings of a cell.

    Raises:
        DatabaseWontStart: something is missing, or the database is in use; it says what to do.
    """
    try:
        home = find_home(wish.folder) or wish.folder / "postgres"
        account = choose_account(home / "data")
        places = make_places(wish.folder, account, shared=wish.shared)
        lock = SupervisorLock(places.home / "supervisor.lock")
        lock.take()
        try:
            programs = _prepare_cluster(places, account, wish)
        except BaseException:
            lock.give_back()
            raise
    except OSError as error:
        raise _no_folder(wish.folder, error) from error
    return Prepared(places, programs, account, lock)


def _prepare_cluster(places: Places, account: Account, wish: Wish) -> Programs:
    stop_survivors(places.data)
    found = wish.programs or find_programs(written_by=written_by(places.data))
    programs = make_reachable(found, account, shared=wish.shared)
    size = wish.size or fit_size(places)
    if written_by(places.data) is None:
        make_cluster(places, programs, account, durable=size.durable)
    _write_for_all(places.settings, render_settings(places, size, major=programs.major))
    _write_for_all(places.logins, LOGINS)
    return programs


def _write_for_all(path: Path, text: str) -> None:
    """The server reads it as another user; there is no secret in it."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _no_folder(folder: Path, error: OSError) -> DatabaseWontStart:
    return DatabaseWontStart(
        zh=f"无法在 {folder} 准备数据库: {error}。请检查权限与磁盘空间, 或使用其他数据目录。",
        en=f"The database cannot be prepared in {folder}: {error}. Check its permissions and the "
        "space on its disk, or use another data folder.",
    )
