"""The QR code as a picture: dark modules, row by row."""

from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple


class Run(NamedTuple):
    """Dark modules side by side; whole modules from the top left."""

    x: int
    y: int
    length: int


class Code(NamedTuple):
    side: int  # modules across; without the quiet zone
    runs: tuple[Run, ...]


@lru_cache(maxsize=16)
def draw_qr(text: str) -> Code:
    """The code for a text, error correction M: 15 % of it may be unreadable."""
    import zxingcpp

    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = made.to_image(scale=1, add_quiet_zones=False)  # a buffer, one byte a module
    rows: Any = memoryview(image).tolist()
    return Code(len(rows), tuple(run for y, row in enumerate(rows) for run in _runs(y, row)))


def _runs(y: int, row: list[int]) -> list[Run]:
    runs, x = [], 0
    for light, same in groupby(row, key=bool):
        length = len(list(same))
        if not light:
            runs.append(Run(x, y, length))
        x += length
    return runs
