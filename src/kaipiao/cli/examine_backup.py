"""What ``kaipiao doctor`` says of a cell's backups: how old, how far behind, what is in the way."""

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.health import read_backed_up
from kaipiao.app.settings import Settings
from kaipiao.cli.finding import Finding
from kaipiao.gateway.wiring import BackedUp

TOLD_LATE_S = 30.0
"""Its keeper writes every two seconds; silent for so long, it does not run."""


def look_at_backups(settings: Settings) -> Finding:
    """The worst of its folders."""
    folder = CellFolder(settings.data)
    told = [_judge(one, settings.backup_every_h) for one in read_backed_up(folder)]
    if settings.dsn or read_running(folder) is None:
        return Finding(
            what="backups",
            level="ok",
            zh="没有需要检查的备份",
            en="No backups of a running cell to look at",
        )
    if not told:
        return _nobody(settings)
    return max(told, key=lambda finding: finding.level == "warning")


def _nobody(settings: Settings) -> Finding:
    if settings.backup_folder:
        return Finding(
            what="backups",
            level="warning",
            zh="备份进程还没有说话",
            en="Who keeps the backups has not spoken yet",
            advice_zh="稍等再看; 日志: tail 数据目录/logs/backups.log",
            advice_en="Look again in a moment; its log: tail DATA/logs/backups.log",
        )
    return Finding(
        what="backups",
        level="warning",
        zh="单元没有自动备份",
        en="The cell does not back itself up",
        advice_zh="把设置 backup_folder 指向另一块磁盘, 再启动; 或: kaipiao backup --folder 目录",
        advice_en="Set backup_folder to a folder on another disk and start it again; or type: "
        "kaipiao backup --folder DIR",
    )


def _judge(told: BackedUp, every_h: int) -> Finding:
    now = SystemClock().now()
    if (now - told.told_at).total_seconds() > TOLD_LATE_S:
        return _wrong(told, zh="备份进程没有动静", en="nobody has kept them for a while")
    if told.trouble:
        return _wrong(told, zh=told.trouble, en=told.trouble)
    if told.newest_at is None or told.stream_lag_bytes is None:
        return _wrong(told, zh="第一次备份或流尚未就绪", en="no stream, or no backup yet")
    age_h = (now - told.newest_at).total_seconds() / 3_600
    return Finding(
        what="backups",
        level="ok" if age_h < 2 * every_h else "warning",
        zh=f"备份 {told.folder}: 最新的在 {age_h:.1f} 小时前, "
        f"流落后 {told.stream_lag_bytes:,} 字节",
        en=f"Backups in {told.folder}: the newest {age_h:.1f} h ago, the stream "
        f"{told.stream_lag_bytes:,} bytes behind",
    )


def _wrong(told: BackedUp, *, zh: str, en: str) -> Finding:
    return Finding(
        what="backups",
        level="warning",
        zh=f"备份 {told.folder}: {zh}",
        en=f"Backups in {told.folder}: {en}",
        advice_zh="开票不受影响。查看日志: tail 数据目录/logs/backups.log",
        advice_en="Issuing goes on. Look at its log: tail DATA/logs/backups.log",
    )
