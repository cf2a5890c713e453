"""What a failure means to a person at a terminal: one sentence, what to type, an exit code."""

from kaipiao.app.folder import AlreadyRunning
from kaipiao.app.settings import SettingsWrong
from kaipiao.base.unreadable import Unreadable
from kaipiao.cli import exits
from kaipiao.cli.language import language, t
from kaipiao.cli.terminal import warn
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.continuity.cluster.acts import ActRefused
from kaipiao.continuity.lab.refused import LabRefused
from kaipiao.continuity.release.current import ReleaseRefused
from kaipiao.errors import Outage, Refusal
from kaipiao.ledger.embedded.failure import DatabaseWontStart


def explain(error: Exception) -> int | None:
    """Tell the person; the exit code, or None for what is our own defect."""
    for kinds, code, tell in _FAILURES:
        if isinstance(error, kinds):
            warn(tell(error))
            return code
    return None


def tell_problem(problem: Exception) -> str:
    """A refusal by the server with every violation, each on a line of its own."""
    assert isinstance(problem, Problem)
    lines = [t(problem.zh, problem.en)]
    lines += [f"  {v.path or '/'}  {v.code}  {t(v.zh, v.en)}" for v in problem.violations]
    return "\n".join(lines)


def _tell_refusal(refusal: Exception) -> str:
    assert isinstance(refusal, Refusal)
    return refusal.text(language())


def _tell_unreachable(error: Exception) -> str:
    assert isinstance(error, Unreachable)
    return t(
        f"没有应答 ({error})。结果未知, 原样重做是安全的。"
        "检查单元: kaipiao doctor; 启动: kaipiao up。",
        f"No answer ({error}). The outcome is unknown; doing the same again is safe. "
        "To look at the cell: kaipiao doctor; to start one: kaipiao up.",
    )


def _tell_unreadable(error: Exception) -> str:
    assert isinstance(error, Unreadable)
    where = f"{error.where}: " if error.where else ""
    return where + t(error.zh, error.en)


def _tell_database(error: Exception) -> str:
    assert isinstance(error, DatabaseWontStart)
    return f"{error.text(language())}\n{error.log}".rstrip()


def _tell_outage(error: Exception) -> str:
    assert isinstance(error, Outage)
    return t(
        f"{error.dependency} 没有应答。请稍后重试, 或输入: kaipiao doctor",
        f"{error.dependency} did not answer. Try again in a moment, or type: kaipiao doctor",
    )


def _tell_settings(error: Exception) -> str:
    assert isinstance(error, SettingsWrong)
    return t(error.zh, error.en)


def _tell_backup(error: Exception) -> str:
    assert isinstance(error, BackupWrong)
    return t(error.zh, error.en)


def _tell_act(error: Exception) -> str:
    assert isinstance(error, ActRefused | LabRefused)
    return t(error.zh, error.en)


def _tell_release(error: Exception) -> str:
    assert isinstance(error, ReleaseRefused)
    return t(error.zh, error.en)


def _tell_running(error: Exception) -> str:
    assert isinstance(error, AlreadyRunning)
    return t(
        f"数据目录 {error.folder} 的单元已在运行 (进程 {error.holder})。"
        f"请先停止: kill {error.holder}, 或用 --data 指定另一个目录。",
        f"The cell in {error.folder} is running already (process {error.holder}). "
        f"Stop it: kill {error.holder}, or name another folder with --data.",
    )


def _tell_file(error: Exception) -> str:
    assert isinstance(error, OSError)
    return t(
        f"无法读写 {error.filename or ''}: {error.strerror}。请检查路径和权限。",
        f"Cannot read or write {error.filename or ''}: {error.strerror}. "
        "Check the path and your permission.",
    )


_FAILURES = (
    (Problem, exits.NO, tell_problem),
    (Unreachable, exits.OUTAGE, _tell_unreachable),
    (DatabaseWontStart, exits.OUTAGE, _tell_database),
    (Unreadable, exits.USAGE, _tell_unreadable),
    (Refusal, exits.NO, _tell_refusal),
    (Outage, exits.OUTAGE, _tell_outage),
    (BackupWrong, exits.NO, _tell_backup),
    ((ActRefused, LabRefused), exits.NO, _tell_act),
    (ReleaseRefused, exits.NO, _tell_release),
    (SettingsWrong, exits.USAGE, _tell_settings),
    (AlreadyRunning, exits.USAGE, _tell_running),
    (OSError, exits.USAGE, _tell_file),
)
