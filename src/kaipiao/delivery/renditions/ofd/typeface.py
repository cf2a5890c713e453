"""The font of a document: only the glyphs that it uses, cut out of ours.

The whole font is 16 MB; what one invoice shows is 40 to 80 KB.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from kaipiao.delivery.renditions.fonts import FONT_FILE

if TYPE_CHECKING:
    import uharfbuzz


def cut_font(texts: Iterable[str]) -> bytes:
    """A TrueType font of the characters in ``texts``, found through its own character map."""
    import uharfbuzz as hb

    wanted = {ord(character) for text in texts for character in text}
    order = hb.SubsetInput()
    order.sets(hb.SubsetInputSets.UNICODE).set(wanted)
    order.sets(hb.SubsetInputSets.LAYOUT_FEATURE_TAG).clear()
    flags = hb.SubsetFlags
    order.flags = flags.NO_HINTING | flags.NOTDEF_OUTLINE | flags.NO_BIDI_CLOSURE
    return bytes(hb.subset(_whole(), order).blob.data)


@lru_cache(maxsize=1)
def _whole() -> "uharfbuzz.Face":
    """Mapped, not read: processes on one machine share it."""
    import uharfbuzz as hb

    return hb.Face(hb.Blob.from_file_path(str(FONT_FILE)))
