"""Where everything stands: a face becomes pages of placed marks (``marks.py``).

Whatever draws these pages, PDF or OFD, draws the same picture.
"""

import msgspec

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.body import table_marks
from kaipiao.delivery.renditions.face.box import box_marks, parties_height, party_marks
from kaipiao.delivery.renditions.face.foot import below_marks, last_foot_marks, page_foot_marks
from kaipiao.delivery.renditions.face.head import head_marks, page_number_marks
from kaipiao.delivery.renditions.face.marks import Oval, Sheet, Square, Stroke, Text
from kaipiao.delivery.renditions.face.parts import Face
from kaipiao.regimes.cn.printable import first_unshown, with_geta

QR = Square(x=7.0, y=5.0, side=19.0)


def lay_out(face: Face) -> tuple[Sheet, ...]:
    """The pages of a face, in their order."""
    sheets, first_row = [], 0
    for index, page in enumerate(face.pages):
        sheets.append(_sheet(face, index, first_row))
        first_row += sum(len(table.rows) for table in page.tables)
    return tuple(sheets)


def _sheet(face: Face, index: int, first_row: int) -> Sheet:
    page, last = face.pages[index], index == len(face.pages) - 1
    marks = [
        *head_marks(face),
        *page_number_marks(index, len(face.pages)),
        *box_marks(),
        *party_marks(face),
        *table_marks(page, paper.TOP + parties_height(face), first_row),
        *(last_foot_marks(face, page) if last else page_foot_marks(page)),
        *below_marks(face),
    ]
    return Sheet(
        texts=tuple(_shown(mark) for mark in marks if isinstance(mark, Text) and mark.text),
        strokes=tuple(mark for mark in marks if isinstance(mark, Stroke)),
        ovals=tuple(mark for mark in marks if isinstance(mark, Oval)),
        qr=QR,
    )


def _shown(text: Text) -> Text:
    """As the typeface can show it: what is issued now, it can; older invoices may hold more."""
    if first_unshown(text.text) is None:
        return text
    return msgspec.structs.replace(text, text=with_geta(text.text))
