"""Pictures of pages: made by PDFium from our PDF, kept small, compared with some tolerance."""

import io
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

from kaipiao.delivery.renditions.face.compose import compose_face
from kaipiao.delivery.renditions.pdf.typeset import set_pdf, set_png
from kaipiao.fiscal.draft import Draft
from tests.unit.delivery.renditions.invoices import IMPRINT, source_of

FOLDER = Path(__file__).with_name("pictures")
PPI = 110.0
COLORS = 64


def path_of(form: str) -> Path:
    return FOLDER / f"{form}.png"


def look(draft: Draft) -> Image.Image:
    """The first page, and the last below it, as PDFium shows them."""
    document = pypdfium2.PdfDocument(set_pdf(compose_face(source_of(draft)), IMPRINT.platform))
    pages = [document[at] for at in sorted({0, len(document) - 1})]
    shown = [page.render(scale=PPI / 72).to_pil().convert("RGB") for page in pages]
    return stack(shown)


def look_at_png(draft: Draft) -> Image.Image:
    """The same pages as the PNG rendition shows them."""
    face = compose_face(source_of(draft))
    whole = Image.open(io.BytesIO(set_png(face, IMPRINT.platform, PPI))).convert("RGB")
    height = whole.height // len(face.pages)
    tops = sorted({0, whole.height - height})
    return stack([whole.crop((0, top, whole.width, top + height)) for top in tops])


def stack(pictures: list[Image.Image]) -> Image.Image:
    width, height = pictures[0].size
    whole = Image.new("RGB", (width, height * len(pictures)), "white")
    for at, picture in enumerate(pictures):
        whole.paste(picture, (0, at * height))
    return whole


def shrink(picture: Image.Image) -> Image.Image:
    """In few colours, as it is kept."""
    return picture.quantize(COLORS, dither=Image.Dither.NONE)


def difference(one: Image.Image, other: Image.Image, blur: float = 1.0) -> int:
    """The largest difference of a pixel's brightness, 0 to 255, after a little blurring."""
    width, height = min(one.width, other.width), min(one.height, other.height)
    soft = [
        picture.convert("L").crop((0, 0, width, height)).filter(ImageFilter.GaussianBlur(blur))
        for picture in (one, other)
    ]
    return int(ImageChops.difference(*soft).getextrema()[1])  # type: ignore[arg-type]
