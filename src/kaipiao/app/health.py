"""How this cell is, as far as one of its processes can tell.

The gateway remembers an answer for a moment, so many who ask at once cost no more than one.
"""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kaipiao.app.folder import BACKUP_FOLDERS, CellFolder
from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, STAMPED_NAME, WITNESSED_NAME
from kaipiao.evidence.cosigning.memory import read_remembered
from kaipiao.evidence.published import PublishedLog
from kaipiao.fiscal.seal import Backlog
from kaipiao.gateway.wiring import BackedUp, Health, State, Witnessed
from kaipiao.ledger.pulse import Pulse
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock
from kaipiao.seal.roster import has_roster

BEAT_LATE_S = 5.0
LOG_LATE_S = 5.0
"""Leaves that wait longer than this for their place mean that the log is not written."""


def read_backed_up(folder: CellFolder) -> tuple[BackedUp, ...]:
    """What ``backups`` wrote down, one for each folder; empty: nobody keeps any."""
    told = [folder.backups(place) for place in range(BACKUP_FOLDERS)]
    try:
        return tuple(
            msgspec.json.decode(path.read_bytes(), type=BackedUp) for path in told if path.exists()
        )
    except (OSError, msgspec.DecodeError):
        return ()


class CellHealth:
    def __init__(self, *, folder: CellFolder, store: Store, clock: Clock) -> None:
        self._folder = folder
        self._pulse = Pulse(store.pool)
        self._seals = store.seals
        self._published = PublishedLog(folder.evidence)
        self._clock = clock

    async def look(self) -> Health:
        ledger, pending_s = await self._ask_ledger()
        size, age_s = self._ask_log()
        backlog = await self._ask_seals()
        log: State = "unknown" if size is None or ledger != "up" else "up"
        if pending_s is not None and pending_s > LOG_LATE_S:
            log = "down"
        return Health(
            ledger=ledger,
            log=log,
            worker=self._ask_worker(),
            log_size=size,
            checkpoint_age_s=age_s,
            oldest_pending_s=pending_s,
            unsealed=backlog.waiting if backlog else None,
            oldest_unsealed_s=backlog.oldest_s if backlog else None,
            witnessed=self._ask_witnesses(),
            backups=read_backed_up(self._folder),
        )

    async def _ask_ledger(self) -> tuple[State, float | None]:
        try:
            oldest = await self._pulse.oldest_pending_at()
        except Outage:
            return "down", None
        return "up", self._age_s(oldest) if oldest else None

    async def _ask_seals(self) -> Backlog | None:
        """None: this cell has no vendors, or nobody can tell."""
        if not has_roster(self._folder.path):
            return None
        try:
            return await self._seals.backlog()
        except Outage:
            return None

    def _ask_log(self) -> tuple[int | None, float | None]:
        try:
            size = self._published.checkpoint().size
        except Outage:
            return None, None
        return size, self._age_of(self._folder.evidence / CHECKPOINT_NAME)

    def _ask_witnesses(self) -> Witnessed | None:
        """What ``work`` wrote down; None: the cell has no witnesses."""
        if not self._folder.witnesses.exists():
            return None
        told = read_remembered(self._folder.witnesses)
        witnessed, stamped = self._size_and_age(WITNESSED_NAME), self._size_and_age(STAMPED_NAME)
        return Witnessed(
            witnessed_size=witnessed[0],
            witnessed_age_s=witnessed[1],
            stamped_size=stamped[0],
            stamped_age_s=stamped[1],
            trouble=told.trouble,
            stamp_trouble=told.stamp_trouble,
            witnesses=told.witnesses,
        )

    def _size_and_age(self, name: str) -> tuple[int | None, float | None]:
        try:
            checkpoint = self._published.graded(name)
        except Outage:
            return None, None
        return (checkpoint.size if checkpoint else None), self._age_of(self._folder.evidence / name)

    def _ask_worker(self) -> State:
        age_s = self._age_of(self._folder.run / "work.beat")
        if age_s is None:
            return "unknown"
        return "up" if age_s < BEAT_LATE_S else "down"

    def _age_of(self, path: Path) -> float | None:
        try:
            return self._age_s(datetime.fromtimestamp(path.stat().st_mtime, UTC))
        except OSError:
            return None

    def _age_s(self, instant: datetime) -> float:
        return max(0.0, (self._clock.now() - instant).total_seconds())
