"""typst sets the pages: as PDF/A-3b, or as a picture.

It is imported when the first page is set; its compiler then stays, with the font mapped.  One
compiler sets one document at a time: the workshop's child has no second thread.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kaipiao.delivery.renditions.face.parts import Face
from kaipiao.delivery.renditions.fonts import FONT_FILE
from kaipiao.delivery.renditions.pdf.drawing import Attachment, draw

if TYPE_CHECKING:
    from typst import Compiler

TEMPLATE = Path(__file__).with_name("page.typ")


def set_pdf(face: Face, author: str, files: tuple[Attachment, ...] = ()) -> bytes:
    """All pages, with the files inside; the same arguments give the same bytes."""
    pdf = _compiler().compile(
        sys_inputs={"drawing": draw(face, author, files)},
        format="pdf",
        pdf_standards=["a-3b"],
        pdf_tags=False,
    )
    assert isinstance(pdf, bytes)
    return pdf


def set_png(face: Face, author: str, ppi: float) -> bytes:
    """All pages, one below the other, ``ppi`` pixels an inch."""
    drawing = draw(face, author, stacked=True)
    png = _compiler().compile(sys_inputs={"drawing": drawing}, format="png", ppi=ppi)
    assert isinstance(png, bytes)
    return png


@cache
def _compiler() -> "Compiler":
    from typst import Compiler, Fonts

    fonts = Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[FONT_FILE.parent],
    )
    return Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts)
