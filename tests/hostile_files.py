"""Files made to hurt whoever reads them: each must be refused, soon and in little memory.

Each is a function, made when it is needed: together they would fill a disk.
"""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.made_documents import (
    TAG,
    einvoice,
    ofd_parts,
    packed,
    sealed,
    vat2019,
)
from tests.made_pdfs import pdf, stream, with_attached

MIB = 2**20
BOMB = 80 * MIB
INVOICE = {"invoice.xml": einvoice()}
HEAD = b'<?xml version="1.0" encoding="utf-8"?>'


def _wide(count: int, element: bytes) -> bytes:
    return b"<EInvoice>" + element * count + b"</EInvoice>"


def _billion_laughs() -> bytes:
    lines = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    return HEAD + b'<!DOCTYPE a [<!ENTITY l0 "lol">' + lines + b"]><EInvoice>&l9;</EInvoice>"


def _line_bomb() -> bytes:
    text = einvoice().decode()
    start, end = text.index("<IssuItemInformation>"), text.index("<AdditionalInformation>")
    return (text[:start] + text[start:end] * 12_000 + text[end:]).encode()


def _zip(*entries: tuple[str, bytes], level: int = 9) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as package:
        for name, content in entries:
            package.writestr(name, content)
    return file.getvalue()


def _nested_zip() -> bytes:
    inside = _zip(("bomb.bin", bytes(10 * MIB)))
    for depth in range(20):
        inside = _zip((f"{depth}.zip", inside))
    return inside


def _listed_million() -> bytes:
    """A list of 300,000 entries, all of which are one."""
    record = b"PK\x01\x02" + bytes(42)
    count = 300_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF,
                      len(record) * count, 30, 0)  # fmt: skip
    return b"PK\x03\x04" + bytes(26) + record * count + end


def _lying_zip() -> bytes:
    """It says 10 bytes and unpacks to 30 MiB."""
    data = bytearray(_zip(("OFD.xml", bytes(30 * MIB))))
    real, small = struct.pack("<L", 30 * MIB), struct.pack("<L", 10)
    return bytes(data.replace(real, small))


def _ofd(**changes: bytes) -> bytes:
    parts = ofd_parts(vat2019()) | {
        name.replace("__", "/") + ".xml": c for name, c in changes.items()
    }
    return packed(parts)


def _many_pages() -> bytes:
    """1,500 pages of which each is small."""
    parts = ofd_parts(vat2019())
    page = b"<Page><Content>" + b'<TextObject ID="1"><TextCode>x</TextCode></TextObject>' * 400
    page += b"</Content></Page>"
    places = b""
    for number in range(1_500):
        parts[f"Doc_0/P{number}.xml"] = page
        places += b'<Page ID="%d" BaseLoc="P%d.xml"/>' % (number, number)
    parts["Doc_0/Document.xml"] = b"<Document><Pages>" + places + b"</Pages></Document>"
    return packed(parts)


def _reference_bomb() -> bytes:
    """100,000 references to one text of 300,000 characters."""
    chance = random.Random(1)
    references = b"".join(b"<ObjectRef>%s11</ObjectRef>" % (b" " * chance.randrange(9))
                          for _ in range(100_000))  # fmt: skip
    tag = TAG.encode().replace(b"</:eInvoice>", b"<X>" + references + b"</X></:eInvoice>")
    text = "".join(chr(chance.randrange(0x4E00, 0x9F00)) for _ in range(300_000))
    parts = ofd_parts(vat2019(), shown={"11": text})
    return packed(parts | {"Doc_0/Tags/CustomTag.xml": tag})


def _many_seals(count: int) -> bytes:
    """So many seals, each over the same 40 MiB."""
    parts = ofd_parts(vat2019())
    for n in range(40):
        parts[f"Doc_0/Res/{n}.bin"] = bytes(MIB)
    parts = sealed(parts)
    places = [f"Doc_0/Signs/S{n}/Signature.xml" for n in range(count)]
    parts |= dict.fromkeys(places, parts["Doc_0/Signs/Sign_0/Signature.xml"])
    listing = "".join(f'<Signature BaseLoc="/{place}"/>' for place in places)
    return packed(parts | {"Doc_0/Signs/Signatures.xml": f"<S>{listing}</S>".encode()})


def _seal_of_crumbs() -> bytes:
    """A seal of two million values, which a reader that copies the rest reads for hours."""
    parts = sealed(ofd_parts(vat2019()))
    chance = random.Random(1)
    crumbs = b"".join(chance.choice((b"\x05\x00", b"\x04\x01a")) for _ in range(2_000_000))
    value = b"\x30\x83" + len(crumbs).to_bytes(3, "big") + crumbs  # the shortest length
    return packed(parts | {"Doc_0/Signs/Sign_0/SignedValue.dat": value})


def _pdf(number: int, content: bytes) -> bytes:
    return pdf(with_attached(INVOICE) | {number: content})


def _kids_circle() -> bytes:
    objects = with_attached({})
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 20 0 R >> >>"
    objects[20] = b"<< /Kids [21 0 R 20 0 R] >>"
    objects[21] = b"<< /Kids [20 0 R 21 0 R 20 0 R] >>"
    return pdf(objects)


def _kids_fan() -> bytes:
    """A tree of 40 levels in which every node names the next one twice: 2^40 ways down."""
    objects = with_attached({})
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 20 0 R >> >>"
    for number in range(20, 60):
        objects[number] = b"<< /Kids [%d 0 R %d 0 R] >>" % (number + 1, number + 1)
    objects[60] = b"<< /Names [] >>"
    return pdf(objects)


def _object_stream_bomb() -> bytes:
    """The catalog lies in an object stream that unpacks to 80 MiB."""
    bomb = zlib.compress(b"1 0 << /Type /Catalog >>" + b" " * (BOMB), 9)
    body = b"%PDF-1.7\n"
    at = len(body)
    body += b"5 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode "
    body += b"/Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(bomb), bomb)
    rows = struct.pack(">BHB", 2, 5, 0) + struct.pack(">BHB", 1, at, 0)
    start = len(body)
    body += (
        b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 2 1] /Index [1 1 5 1] /Root 1 0 R /Length %d >>\n"
        b"stream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (len(rows), rows, start)
    )
    return body


def _xref_bomb() -> bytes:
    """The table itself unpacks to 80 MiB."""
    bomb = zlib.compress(bytes(BOMB), 9)
    return (
        b"%%PDF-1.7\n6 0 obj\n<< /Type /XRef /Size 50000000 /W [1 2 1] /Root 1 0 R "
        b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        b"startxref\n9\n%%%%EOF\n" % (len(bomb), bomb)
    )


def _prev_circle() -> bytes:
    data = pdf(with_attached(INVOICE))
    start = data.rindex(b"xref\n0")
    return data.replace(b"trailer\n<<", b"trailer\n<< /Prev %d " % start)


def _png(width: int, height: int, packed_rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">L", len(content)) + kind + content
            + struct.pack(">L", zlib.crc32(kind + content))
        )  # fmt: skip

    header = struct.pack(">2L5B", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        + chunk(b"IDAT", packed_rows) + chunk(b"IEND", b"")
    )  # fmt: skip


HOSTILE: dict[str, Callable[[], bytes]] = {
    # XML
    "10,000 nested elements": lambda: b"<EInvoice>" * 10_000 + b"</EInvoice>" * 10_000,
    "entities that expand a billion times": _billion_laughs,
    "an external entity": lambda: HEAD
    + b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><EInvoice>&x;</EInvoice>',
    "an external DTD": lambda: HEAD + b'<!DOCTYPE a SYSTEM "http://127.0.0.1/"><EInvoice/>',
    "a million elements": lambda: _wide(1_000_000, b"<a/>"),
    "900,000 attributes": lambda: b"<EInvoice "
    + b" ".join(b'a%d=""' % n for n in range(900_000)) + b"/>",
    "99,000 attributes": lambda: b"<EInvoice "
    + b" ".join(b'a%d=""' % n for n in range(99_000)) + b"/>",
    "attributes by the dozen": lambda: _wide(16_000, b'<a b="" c="" d="" e="" f="" g=""/>'),
    "one text of 9 MiB": lambda: _wide(1, b"<a>" + b"x" * (9 * MIB) + b"</a>"),
    "15 MiB of texts of one wide character each": lambda: _wide(
        15, b"<a>" + "\U0001f4b0".encode() + b"x" * (MIB - 15) + b"</a>"
    ),
    "one text of 4 MiB and one wide character": lambda: _wide(
        1, b"<a>" + "\U0001f4b0".encode() + b"x" * (4 * MIB - 60) + b"</a>"
    ),
    "one text of 7 MiB": lambda: _wide(1, b"<a>" + b"x" * (7 * MIB) + b"</a>"),
    "15 MiB of texts": lambda: _wide(15, b"<a>" + "票".encode() * 349_000 + b"</a>"),
    "16 MiB": lambda: _wide(1, b"<a>" + b"x" * (16 * MIB - 40) + b"</a>"),
    "17 MiB": lambda: _wide(1, b"<a>" + b"x" * (17 * MIB) + b"</a>"),
    "UTF-16 of 10 MiB": lambda: _wide(700_000, b"<a/>").decode().encode("utf-16"),
    "12,000 lines": _line_bomb,
    "a truncated invoice": lambda: einvoice()[:-200],
    # zip
    "a zip bomb": lambda: _zip(("OFD.xml", bytes(40 * MIB))),
    "a zip bomb in many parts": lambda: _zip(*((f"{n}.xml", bytes(9 * MIB)) for n in range(9))),
    "zips in zips": _nested_zip,
    "300,000 entries": _listed_million,
    "a zip that lies about its sizes": _lying_zip,
    "a name that leads out": lambda: _zip(("OFD.xml", b"<a/>"), ("../../etc/passwd", b"x")),
    "a name from the root": lambda: _zip(("OFD.xml", b"<a/>"), ("/etc/passwd", b"x")),
    "a truncated package": lambda: packed(sealed(ofd_parts(vat2019())))[:-300],
    # OFD
    "a document that is its own package": lambda: _ofd(
        OFD=b"<OFD><DocBody><DocRoot>OFD.xml</DocRoot></DocBody></OFD>"
    ),
    "a page that is its own document": lambda: _ofd(
        Doc_0__Document=b'<Document><Pages><Page BaseLoc="Document.xml"/></Pages></Document>'
    ),
    "a location outside the package": lambda: _ofd(
        OFD=b"<OFD><DocBody><DocRoot>../../etc/passwd</DocRoot></DocBody></OFD>"
    ),
    "1,500 pages": _many_pages,
    "tags that point at one text again and again": _reference_bomb,
    "400 seals over the same 40 MiB": lambda: _many_seals(400),
    # PDF
    "a PDF stream that unpacks to 80 MiB": lambda: _pdf(11, stream(bytes(BOMB))),
    "a PDF stream packed twice": lambda: _pdf(
        11, stream(zlib.compress(zlib.compress(bytes(BOMB), 9), 9))
        .replace(b"/Filter /FlateDecode", b"/Filter [/FlateDecode /FlateDecode /FlateDecode]"),
    ),
    "a PDF object stream that unpacks to 80 MiB": _object_stream_bomb,
    "a PDF table that unpacks to 80 MiB": _xref_bomb,
    "a PDF tree that is a circle": _kids_circle,
    "a PDF tree with 2^40 ways down": _kids_fan,
    "a PDF object that is itself": lambda: _pdf(1, b"1 0 R"),
    "two PDF objects that are each other": lambda: pdf(
        with_attached(INVOICE) | {1: b"7 0 R", 7: b"1 0 R"}
    ),
    "a PDF length that is its own stream": lambda: _pdf(
        11, b"<< /Length 11 0 R >>\nstream\nx\nendstream"
    ),
    "PDF arrays 100,000 deep": lambda: _pdf(1, b"[" * 100_000 + b"]" * 100_000),
    "PDF dictionaries 100,000 deep": lambda: _pdf(1, b"<</A" * 100_000 + b">>" * 100_000),
    "a million PDF objects": lambda: b"%PDF-1.7\n"
    + b"".join(b"%d 0 obj 1 endobj\n" % n for n in range(700_000)),
    "a PDF of nothing but openings": lambda: b"%PDF-1.7\n" + b"1 0 obj<<" * 900_000,
    "14 MiB after a PDF's head": lambda: b"%PDF-1.7\n" + b"xref\n" * (14 * MIB // 5),
    "a PDF without its end": lambda: pdf(with_attached(INVOICE))[:-400],
    # pictures
    "a PNG of a gigapixel": lambda: _png(32_000, 32_000, zlib.compress(bytes(50 * MIB), 9)),
    "a PNG that is not as large as it says": lambda: _png(
        2_000, 2_000, zlib.compress(bytes(BOMB), 9)
    ),
    "a truncated JPEG": lambda: b"\xff\xd8\xff\xe0" + bytes(2_000),
    # text
    "a QR text without end": lambda: b"01," + b"9" * (15 * MIB),
    "15 MiB of noughts": lambda: bytes(15 * MIB),
}  # fmt: skip
"""By what they are.  All are refused."""

HARMLESS: dict[str, Callable[[], bytes]] = {
    "20 seals over the same 40 MiB": lambda: _many_seals(20),
    "attachments that list themselves": lambda: _ofd(
        Doc_0__Attachs__Attachments=b"<A><Attachment><FileLoc>Attachments.xml</FileLoc>"
        b"</Attachment></A>"
    ),
    "a template that is its page": lambda: _ofd(
        Doc_0__Document=b'<Document><CommonData><TemplatePage BaseLoc="Document.xml"/></CommonData>'
        b'<Pages><Page BaseLoc="Pages/Page_0/Content.xml"/></Pages>'
        b"<CustomTags>Tags/CustomTags.xml</CustomTags></Document>"
    ),
    "a table that names itself as the one before": _prev_circle,
    "a seal of crumbs": _seal_of_crumbs,
}
"""Read all the same, within the same bounds: what is hostile in them is never touched, or is only
a verdict."""
