"""A member that came without its cell's secrets makes none of its own.

Several members on one database sign one log with one key.  A folder without that key, on a
database whose log was signed before, is another cell's, or a member whose secrets were forgotten.
"""

from kaipiao.app.database import Database
from kaipiao.app.folder import CellFolder
from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.evidence.keys import KEY_NAME
from kaipiao.ledger.heads import Heads
from kaipiao.ledger.pool import Pool


async def check_no_stranger(folder: CellFolder, settings: Settings, database: Database) -> None:
    """Raises SettingsWrong: this log was signed with a key that is not in this folder; Outage."""
    if database.is_ours or (folder.secrets / KEY_NAME).exists():
        return
    pool = await Pool.open(database.app)
    try:
        is_signed = await Heads(pool).standing(settings.log_origin) is not None
    finally:
        await pool.close()
    if is_signed:
        raise SettingsWrong(
            "log_origin",
            settings.log_origin,
            zh="该数据库的日志已由另一密钥签名, 而此目录没有该密钥: 请把本单元的密钥放到 "
            f"{folder.secrets} (kaipiao cluster init 已为每个成员备好)",
            en="the log in this database is signed already, by a key that is not in this folder: "
            f"put the cell's secrets into {folder.secrets} (kaipiao cluster init made them for "
            "each member)",
        )
