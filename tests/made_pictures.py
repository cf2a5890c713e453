"""Pictures made by the tests themselves: a QR code on paper, as a telephone sees it."""

import io

import zxingcpp
from PIL import Image

PAPER = 235


def photo(
    *texts: str, kind: str = "JPEG", turned: float = 0, size: tuple[int, int] = (1600, 1000)
) -> bytes:
    """A grey page with a code for each text, turned by so many degrees."""
    page = Image.new("L", size, PAPER)
    for place, text in enumerate(texts):
        code = _code(text).rotate(turned, expand=True, fillcolor=255)
        page.paste(code, (80 + 500 * place, 120))
    file = io.BytesIO()
    page.convert("RGB").save(file, kind)
    return file.getvalue()


def _code(text: str) -> Image.Image:
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=6)
    height, width = drawn.shape
    return Image.frombytes("L", (width, height), bytes(memoryview(drawn)))
