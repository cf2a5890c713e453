"""``./run golden``: write the pictures of our pages again, and what the typeface can show."""

import re
import zlib
from base64 import b85encode
from collections.abc import Iterable
from pathlib import Path

import uharfbuzz

from kaipiao.delivery.renditions.fonts import FONT_FILE
from kaipiao.regimes.cn import typeface
from kaipiao.regimes.cn.printable import runs_of
from tests.golden.forms import FORMS
from tests.golden.pictures import look, path_of, shrink

WIDTH = 88
_PACKED = re.compile(r"(?<=packed=\(\n)(.*?)(?=    \),\n)", re.DOTALL)


def main() -> None:
    write_typeface(Path(typeface.__file__))
    for form, make in FORMS.items():
        shrink(look(make())).save(path_of(form), optimize=True)
    print("Now look at every picture that changed: git status tests/golden/pictures")


def write_typeface(path: Path) -> None:
    """Put the packed characters of the font file into the module, in lines that fit."""
    face = uharfbuzz.Face(uharfbuzz.Blob(FONT_FILE.read_bytes()))
    packed = pack_characters(face.unicodes)
    if packed == typeface.TYPEFACE.packed:
        return
    lines = [packed[at : at + WIDTH] for at in range(0, len(packed), WIDTH)]
    before, _, after = _PACKED.split(path.read_text())
    path.write_text(before + "".join(f'        "{line}"\n' for line in lines) + after)
    print("typeface.py: written")


def pack_characters(code_points: Iterable[int]) -> str:
    """The inverse of ``unpack_characters``."""
    numbers, at = bytearray(), 0
    for run in runs_of(code_points):
        for number in (run[0] - at, run[-1] - run[0]):
            while number >= 0x80:
                numbers.append(number & 0x7F | 0x80)
                number >>= 7
            numbers.append(number)
        at = run[-1]
    return b85encode(zlib.compress(bytes(numbers), 9)).decode()


if __name__ == "__main__":
    main()
