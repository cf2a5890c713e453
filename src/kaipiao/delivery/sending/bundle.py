"""A ZIP that is sent while it is made (PKWARE APPNOTE 6.3): any number of files, little memory.

Each file is small and known whole, so its sizes stand before it and any reader can follow.  What
is remembered until the end is one line a file, about 100 bytes, in the central directory.
"""

import struct
import zlib
from datetime import datetime

from kaipiao.fiscal.month import BEIJING

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_ZIP64_END = struct.Struct("<4sQ2H2I4Q")
_ZIP64_LOCATOR = struct.Struct("<4sIQI")
_ZIP64_PLACE = struct.Struct("<2HQ")

_UTF8 = 0x0800
_STORED, _DEFLATED = 0, 8
_NEEDS, _NEEDS_64 = 20, 45
_MAX_16, _MAX_32 = 0xFFFF, 0xFFFF_FFFF
PACKED_ALREADY = (".pdf", ".ofd", ".png")
"""Compressed inside: to do it again costs time and saves nothing."""


class Bundle:
    """Hands out the bytes of a ZIP, file by file."""

    def __init__(self) -> None:
        self._offset = 0
        self._count = 0
        self._directory = bytearray()

    def add(self, name: str, content: bytes, *, at: datetime) -> bytes:
        """The bytes of one more file; ``name`` is not checked for being there twice."""
        packed, method = content, _STORED
        if not name.endswith(PACKED_ALREADY):
            packed, method = _deflate(content), _DEFLATED
        assert len(content) < _MAX_32
        coded = name.encode()
        time, date = _dos_time(at)
        facts = (time, date, zlib.crc32(content), len(packed), len(content))
        local = _LOCAL.pack(b"PK\3\4", _NEEDS, _UTF8, method, *facts, len(coded), 0)
        self._note(coded, method, facts)
        whole = local + coded + packed
        self._offset += len(whole)
        self._count += 1
        return whole

    def close(self) -> bytes:
        """The directory, which makes it a ZIP: one cut off before is visibly broken."""
        start, size = self._offset, len(self._directory)
        is_large = self._count >= _MAX_16 or start + size >= _MAX_32
        end = bytes(self._directory)
        if is_large:
            end += _ZIP64_END.pack(
                b"PK\6\6", 44, _NEEDS_64, _NEEDS_64, 0, 0, self._count, self._count, size, start
            )
            end += _ZIP64_LOCATOR.pack(b"PK\6\7", 0, start + size, 1)
        count = min(self._count, _MAX_16)
        return end + _END.pack(
            b"PK\5\6", 0, 0, count, count, min(size, _MAX_32), min(start, _MAX_32), 0
        )

    def _note(self, coded: bytes, method: int, facts: tuple[int, ...]) -> None:
        extra, offset, needs = b"", self._offset, _NEEDS
        if offset >= _MAX_32:
            extra, offset, needs = _ZIP64_PLACE.pack(1, 8, self._offset), _MAX_32, _NEEDS_64
        self._directory += _CENTRAL.pack(
            b"PK\1\2", needs, needs, _UTF8, method, *facts,
            len(coded), len(extra), 0, 0, 0, 0, offset,
        )  # fmt: skip
        self._directory += coded + extra


def _deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _dos_time(at: datetime) -> tuple[int, int]:
    """To two seconds, and in local time, which is Beijing's."""
    local = at.astimezone(BEIJING)
    time = local.hour << 11 | local.minute << 5 | local.second // 2
    return time, (local.year - 1980) << 9 | local.month << 5 | local.day
