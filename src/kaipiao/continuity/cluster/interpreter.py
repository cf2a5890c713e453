"""A Python that the unprivileged account can run: ours, or the system's of the same version.

A virtual environment made from a Python in somebody's home cannot be run by
anyone else.  Patroni's files need not be: they only have to be readable.
"""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from kaipiao.ledger.embedded.account import Account, run_as
from kaipiao.ledger.embedded.failure import DatabaseWontStart


class Interpreter(NamedTuple):
    python: str
    site: Path  # where Patroni lies


def find_interpreter(account: Account) -> Interpreter:
    """The first that imports Patroni as ``account``.

    Raises:
        DatabaseWontStart: there is none; it says what to do.
    """
    site = Path(_patroni()).parent
    for python in _candidates():
        if _imports_patroni(account, python, site):
            return Interpreter(python, site)
    raise DatabaseWontStart(
        zh=f"用户 {account.name} 无法运行 {sys.executable} 或读取 {site}。"
        "请把程序装在所有用户可进入的位置 (例如 /opt/kaipiao), 并使用系统自带的 Python。",
        en=f"User {account.name} can run no Python that reads {site}. Install Kaipiao where every "
        "user may enter (/opt/kaipiao), with the system's Python.",
    )


def _patroni() -> str:
    """Raises DatabaseWontStart: Patroni is not installed."""
    spec = find_spec("patroni")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseWontStart(
            zh="未安装 Patroni。请执行: pip install 'kaipiao[cluster]'",
            en="Patroni is not installed. Type: pip install 'kaipiao[cluster]'",
        )
    return spec.submodule_search_locations[0]


def _candidates() -> Iterator[str]:
    yield sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield from (f"{folder}/python{version}" for folder in ("/usr/bin", "/usr/local/bin"))


def _imports_patroni(account: Account, python: str, site: Path) -> bool:
    says = "import sys; sys.path.insert(0, sys.argv[1]); import patroni.__main__, psycopg, yaml"
    try:
        return run_as(account, [python, "-I", "-c", says, str(site)]).returncode == 0
    except OSError:
        return False
