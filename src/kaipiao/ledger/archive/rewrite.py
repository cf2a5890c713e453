"""A file of the archive without one invoice: written beside, compared, and then in its place.

    copied     every frame goes over as it is, but for the one that holds the invoice
    compared   of that one every leaf is as before; the file is whole and durable under a new name
    switched   one row says that readers find the new file; from now on nobody opens the old one
    swept      whatever of this part is in the folder and in no row is removed, the old file first

A crash before the switch leaves a file that nobody reads and the next try removes; one after it
leaves the old file to be removed by the next try.
"""

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec

from kaipiao.ledger.archive.file import (
    ArchiveDamaged,
    Frame,
    Reader,
    Sealed,
    Writer,
    file_digest,
    leaves_of,
    sync_folder,
    write_whole,
)
from kaipiao.ledger.archive.manifest import Manifest
from kaipiao.ledger.batch import Unpacked
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.scar import NO_SECRET, cut_out, without_secret

_FILE_OF = """
SELECT f.*, l.first_serial AS batch_serial
  FROM archive_file AS f
 CROSS JOIN LATERAL (
           SELECT * FROM log_batch AS l
            WHERE l.series = f.series AND l.first_serial <= $2
            ORDER BY l.first_serial DESC LIMIT 1
       ) AS l
 WHERE f.series = $1 AND l.first_serial BETWEEN f.first_serial AND f.last_serial
   AND $2 < l.first_serial + l.count
"""
_SWITCH = """
UPDATE archive_file SET name = $3, bytes = $4, sha256 = $5 WHERE part = $1 AND name = $2
"""
_NAME = re.compile(r"(?P<part>.+?)(?:\.r(?P<round>\d+))?\.archive")


class ArchiveRewriter:
    def __init__(self, pool: Pool, folder: Path) -> None:
        self._pool = pool
        self._folder = folder

    async def erase(self, series: int, serial: int) -> None:
        """Whatever file holds the invoice does not any more; nothing if none did.

        Raises:
            ArchiveDamaged, OSError: the file is not what was archived; it stays as it is.
            Outage
        """
        row = await self._pool.fetchrow(_FILE_OF, series, serial)
        if row is None:
            return
        old = self._folder / row["name"]
        if await asyncio.to_thread(_is_still_in, old, row["batch_serial"], serial):
            await self._replace(row, old, serial)

    async def sweep(self, part: str) -> None:
        """Remove what is in the folder for this part and in no row."""
        rows = await self._pool.fetch("SELECT name FROM archive_file WHERE part = $1", part)
        kept = {name for row in rows for name in (row["name"], f"{row['name']}.json")}
        await asyncio.to_thread(_remove_others, self._folder, part, kept)

    async def _replace(self, row: Any, old: Path, serial: int) -> None:
        if await asyncio.to_thread(file_digest, old) != row["sha256"]:
            raise ArchiveDamaged(f"{old}: it is not what was archived")
        new = old.with_name(next_name(old.name))
        sealed = await asyncio.to_thread(_copy, old, new, row["batch_serial"], serial)
        await asyncio.to_thread(_copy_manifest, old, new, sealed)
        await self._pool.execute(
            _SWITCH, row["part"], old.name, new.name, sealed.size, sealed.sha256
        )


def next_name(name: str) -> str:
    """``batch_26311_0.archive`` is followed by ``batch_26311_0.r1.archive``."""
    match = _NAME.fullmatch(name)
    assert match
    return f"{match['part']}.r{int(match['round'] or 0) + 1}.archive"


def _is_still_in(path: Path, first_serial: int, serial: int) -> bool:
    with Reader(path) as reader:
        return not reader.find(first_serial).unpack(None).is_erased(serial)


def _copy(old: Path, new: Path, first_serial: int, serial: int) -> Sealed:
    writer = Writer(new)
    try:
        with Reader(old) as reader:
            for frame in reader.frames():
                holds_it = frame.first_serial == first_serial
                writer.add(_without(frame, serial) if holds_it else frame)
        sealed = writer.seal()
    finally:
        writer.close()
    if file_digest(new) != sealed.sha256:
        raise ArchiveDamaged(f"{new}: it was read back with another digest")
    return sealed


def _without(frame: Frame, serial: int) -> Frame:
    batch = frame.unpack(None)
    payload = checked_cut(batch, frame.payload, leaves_of(batch), serial)
    return msgspec.structs.replace(frame, secret=NO_SECRET, payload=payload)


def checked_cut(batch: Unpacked, payload: bytes, leaves: list[bytes], serial: int) -> bytes:
    """The payload without the invoice, of which every leaf is as it was, or nothing is done."""
    cut = cut_out(
        payload,
        secret=batch.secret,
        first_serial=batch.first_serial,
        serial=serial,
        leaf=leaves[serial - batch.first_serial],
    )
    if leaves_of(without_secret(batch, cut)) != leaves:
        raise ArchiveDamaged(f"batch {batch.first_serial}: its leaves are not those of the log")
    return cut


def _copy_manifest(old: Path, new: Path, sealed: Sealed) -> None:
    content = old.with_name(f"{old.name}.json").read_bytes()
    manifest = msgspec.structs.replace(
        msgspec.json.decode(content, type=Manifest),
        file=new.name,
        bytes=sealed.size,
        sha256=sealed.sha256.hex(),
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    write_whole(new.with_name(f"{new.name}.json"), text + b"\n")


def _remove_others(folder: Path, part: str, kept: set[str]) -> None:
    if not folder.exists():
        return
    for path in folder.glob(f"{part}.*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)
    sync_folder(folder)
