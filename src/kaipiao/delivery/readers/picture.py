"""The QR code in a picture: a photograph or scan of an invoice, PNG or JPEG.

The picture is measured before it is unpacked; then zxing-cpp looks for QR codes.  Where there
are several, only one may be an invoice's: two would be two answers.
"""

import io
from typing import TYPE_CHECKING

from kaipiao.base.unreadable import Unreadable
from kaipiao.fiscal.qr import read_qr

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

MAX_BYTES = 16 * 2**20
MAX_JPEG_PIXELS = 24_000_000
"""What a telephone takes; it is unpacked smaller than that."""
MAX_PNG_PIXELS = 8_000_000
"""Four bytes each until it is grey."""
SIDE_PIXELS = 2_000
"""Enough for a code of a tenth of the picture's width."""

_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def is_picture(data: bytes) -> bool:
    """Whether it begins as a PNG or a JPEG does."""
    return data.startswith(_BEGINNINGS)


def read_picture(data: bytes) -> str:
    """The text of the invoice's QR code in a picture.

    Raises:
        Unreadable: larger than we read, damaged, or without one such code.
    """
    texts = find_codes(data)
    invoices = [text for text in texts if _is_invoice(text)]
    if len(invoices) == 1:
        return invoices[0]
    if invoices:
        raise Unreadable(
            "",
            zh="图片中有多张发票的二维码。请每张图片只拍一张发票。",
            en="there are codes of several invoices in this picture. Take one picture of each.",
        )
    raise Unreadable(
        "",
        zh="图片中没有找到发票二维码。请靠近、对准光线再拍, 或读取 XML、OFD 文件。",
        en="no invoice's QR code was found in this picture. Go nearer and mind the light, or "
        "read the XML or OFD file.",
    )


def find_codes(data: bytes) -> list[str]:
    """The texts of all QR codes in a picture, each once.  Raises Unreadable."""
    import zxingcpp
    from PIL import Image as images

    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        with images.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            grey = _unpacked(picture)
    except Unreadable:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, images.DecompressionBombError):
        raise _damaged() from None
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    return list(dict.fromkeys(code.text for code in found))


def _unpacked(picture: "ImageFile") -> "Image":
    """The picture in grey, unpacked no larger than is needed."""
    limit = MAX_JPEG_PIXELS if picture.format == "JPEG" else MAX_PNG_PIXELS
    if picture.width * picture.height > limit:
        raise _too_large()
    picture.draft("L", (SIDE_PIXELS, SIDE_PIXELS))  # of a JPEG: its own halves and quarters
    grey = picture.convert("L")
    if max(grey.size) > 2 * SIDE_PIXELS:
        grey.thumbnail((2 * SIDE_PIXELS, 2 * SIDE_PIXELS))
    return grey


def _is_invoice(text: str) -> bool:
    try:
        read_qr(text)
    except ValueError:
        return False
    return True


def _too_large() -> Unreadable:
    return Unreadable(
        "",
        zh="图片过大。请缩小后再试 (不超过 PNG 800 万像素, JPEG 2400 万像素, 16 MB)。",
        en="the picture is too large. Make it smaller (PNG 8, JPEG 24 million pixels; 16 MB).",
    )


def _damaged() -> Unreadable:
    return Unreadable(
        "",
        zh="图片已损坏。请重新拍摄或导出。",
        en="the picture is damaged. Take or export it again.",
    )
