"""The QR code in a picture: a photograph or scan of an invoice, PNG or JPEG.

The picture is measured before it is unpacked; then zxing-cpp looks for QR codes.  Where there
are several, only one may be an invoice's: two would be two answers.
"""

import io

from kaipiao.base.unreadable import Unreadable
from kaipiao.fiscal.qr import read_qr

MAX_BYTES = 16 * 2**20
MAX_PIXELS = 24_000_000
"""What a telephone takes; one byte each once it is grey."""

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
    from PIL import Image

    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large()
            picture.draft("L", picture.size)
            grey = picture.convert("L")
    except Unreadable:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError):
        raise _damaged() from None
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    return list(dict.fromkeys(code.text for code in found))


def _is_invoice(text: str) -> bool:
    try:
        read_qr(text)
    except ValueError:
        return False
    return True


def _too_large() -> Unreadable:
    return Unreadable(
        "",
        zh="图片过大。请缩小后再试 (不超过 2400 万像素、16 MB)。",
        en="the picture is too large. Make it smaller (at most 24 million pixels and 16 MB).",
    )


def _damaged() -> Unreadable:
    return Unreadable(
        "",
        zh="图片已损坏。请重新拍摄或导出。",
        en="the picture is damaged. Take or export it again.",
    )
