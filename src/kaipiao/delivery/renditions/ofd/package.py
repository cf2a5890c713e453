"""The zip: the same parts give the same bytes."""

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime

from kaipiao.fiscal.month import BEIJING

MODE = 0o100644 << 16
LEVEL = 6
"""Of zlib; 9 takes three times as long for two percent."""


def pack(parts: Mapping[str, bytes], *, at: datetime) -> bytes:
    """A package with the parts in their order; every part bears the time ``at``."""
    file = io.BytesIO()
    stamp = at.astimezone(BEIJING)
    with zipfile.ZipFile(file, "w") as package:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, stamp.timetuple()[:6])
            entry.create_system = 3
            entry.external_attr = MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content, compresslevel=LEVEL)
    return file.getvalue()
