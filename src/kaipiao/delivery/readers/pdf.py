"""PDF with the invoice attached as XML or XBRL, as issuers and accounting standards have it.

Only the attachments are read, never the pages: what a PDF draws is no data.  An attached file
is found in the name tree ``EmbeddedFiles`` or the list ``AF`` of the catalog (ISO 32000-2,
7.11.4 and 14.13).  Both are walked by our own steps, each object once, each stream unpacked to
a limit; pypdf only finds objects.
"""

import io
import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from xml.etree.ElementTree import Element

import msgspec

from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.embedded import READERS, is_xml, read_embedded

MAX_BYTES = 16 * 2**20
MAX_FILE_BYTES = 16 * 2**20
"""One attached file, unpacked."""
MAX_INNER_BYTES = 8 * 2**20
"""One stream of the PDF's own tables, unpacked."""
MAX_NODES = 1_000
"""Of the name tree, and files in it."""
MAX_OBJECTS = 100_000
"""What a page of text has is some hundred."""

_HEAD = 1024
_SIGNED = 1  # SigFlags, ISO 32000-2 table 225
T = TypeVar("T")


class Attached(NamedTuple):
    """A file inside a PDF, by the name that the PDF gives it; ``data`` unpacks it."""

    name: str
    stream: Any


def is_pdf(data: bytes) -> bool:
    """The header may come late, within the first 1,024 bytes."""
    return b"%PDF-" in data[:_HEAD]


def read_pdf(data: bytes) -> Document:
    """The invoice attached to a PDF.

    Raises:
        Unreadable: no PDF within limits, encrypted, damaged, or with no invoice attached.
    """
    return read_attached(data)[0]


def read_attached(data: bytes) -> tuple[Document, Element]:
    """The same with the XML that it was read from.  Raises Unreadable."""
    if len(data) > MAX_BYTES or data.count(b" obj") > MAX_OBJECTS:
        raise _too_large("")
    return _guarded(lambda: _read(data))


def _read(data: bytes) -> tuple[Document, Element]:
    with _opened(data) as reader:
        catalog = reader.root_object
        files = list(_attached(catalog))
        document, tree = _first_invoice(files)
        document = msgspec.structs.replace(
            document,
            attachments=tuple(file.name for file in files),
            pages=_count_pages(catalog),
            signature=_signature(catalog) or document.signature,
        )
        return document, tree


def _first_invoice(files: list[Attached]) -> tuple[Document, Element]:
    for file in files:
        content = _unpacked(file)
        if is_xml(content):
            tree = parse_xml(content, where=file.name)
            if tree.tag in READERS:
                document = read_embedded(tree, where=file.name)
                return msgspec.structs.replace(document, read_from=(file.name,)), tree
    raise Unreadable(
        "",
        zh="PDF 中没有附带发票 XML; 版面文字不作为数据读取。请向开票方索取 XML 或 OFD, "
        "或读取票面二维码: kaipiao read 照片.jpg",
        en="no invoice XML is attached to this PDF, and text on its pages is not data. Ask the "
        "issuer for the XML or OFD, or read the QR code from a picture of it.",
    )


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    """The PDF, opened by pypdf within limits of ours.  Imports 0.3 s of code."""
    from pypdf import PdfReader, apply_configuration

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # we tell our caller, nobody else
    with apply_configuration(
        zlib_maximum_output_length=MAX_INNER_BYTES,
        zlib_maximum_recovery_input_length=0,
        lzw_maximum_output_length=MAX_INNER_BYTES,
        run_length_maximum_output_length=MAX_INNER_BYTES,
        stream_decoding_work_maximum_length=MAX_INNER_BYTES,
        array_maximum_element_count=4 * MAX_NODES,
        dictionary_maximum_element_count=MAX_NODES,
        stream_filters_maximum_length=2,
        disable_legacy_handling=True,
    ):
        reader = PdfReader(
            io.BytesIO(data),
            root_object_recovery_limit=MAX_NODES,
            xref_stream_maximum_entries=MAX_OBJECTS,
        )
        if reader.is_encrypted:
            raise Unreadable(
                "",
                zh="PDF 已加密。请另存为未加密的文件。",
                en="the PDF is encrypted. Save it without.",
            )
        yield reader


def _attached(catalog: Any) -> Iterator[Attached]:
    """Every attached file, once, in the order of the name tree and then of ``AF``."""
    seen: set[int] = set()
    trees = [_at(_at(catalog, "/Names"), "/EmbeddedFiles")]
    specs = list(_leaves(trees, seen)) + list(_list(_at(catalog, "/AF")))
    for spec in specs[:MAX_NODES]:
        stream = _at(_at(spec, "/EF"), "/F")
        if stream is not None and id(stream) not in seen:
            seen.add(id(stream))
            yield Attached(str(_at(spec, "/UF") or _at(spec, "/F") or ""), stream)


def _leaves(nodes: list[Any], seen: set[int]) -> Iterator[Any]:
    """The values of a name tree; a node that was met before is a circle and met no more."""
    while nodes:
        node = nodes.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if len(seen) > MAX_NODES:
            raise _too_large("EmbeddedFiles")
        yield from (value for value in _list(_at(node, "/Names"))[1::2])
        nodes.extend(reversed(_list(_at(node, "/Kids"))))


def _at(value: Any, key: str) -> Any:
    """The object under ``key`` of a dictionary, followed if it is a reference; None if none."""
    from pypdf.generic import DictionaryObject

    value = _resolved(value)
    return _resolved(value.get(key)) if isinstance(value, DictionaryObject) else None


def _list(value: Any) -> list[Any]:
    from pypdf.generic import ArrayObject

    return (
        [_resolved(one) for one in value[: 2 * MAX_NODES]] if isinstance(value, ArrayObject) else []
    )


def _resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _unpacked(file: Attached) -> bytes:
    """The bytes of an attached file.

    Raises:
        Unreadable: packed in another way than Flate, damaged, or larger than we read.
    """
    packed = bytes(getattr(file.stream, "_data", b""))
    filters = _at(file.stream, "/Filter")
    names = [str(name) for name in _list(filters)] or ([str(filters)] if filters else [])
    if not names:
        return packed
    if names != ["/FlateDecode"] or _at(file.stream, "/DecodeParms") is not None:
        raise Unreadable(
            file.name, zh="附件的压缩方式不支持。", en="the file is packed in a way we do not read."
        )
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(packed, MAX_FILE_BYTES)
    if unpacking.unconsumed_tail:
        raise _too_large(file.name)
    return content


def _count_pages(catalog: Any) -> int:
    """As the PDF says, uncounted."""
    count = _at(_at(catalog, "/Pages"), "/Count")
    return int(count) if isinstance(count, int) and 0 < count < 100_000 else 0


def _signature(catalog: Any) -> str:
    flags = _at(_at(catalog, "/AcroForm"), "/SigFlags")
    return "PDF" if isinstance(flags, int) and flags & _SIGNED else ""


def _guarded(read: Callable[[], T]) -> T:
    """What pypdf raises for damaged files is almost anything: to us it is all one."""
    try:
        return read()
    except Unreadable:
        raise
    except MemoryError:
        raise _too_large("") from None
    except Exception:
        raise Unreadable(
            "",
            zh="PDF 已损坏或无法读取。请重新获取原始文件。",
            en="the PDF is damaged. Get the original file again.",
        ) from None


def _too_large(where: str) -> Unreadable:
    return Unreadable(
        where,
        zh="PDF 超出读取上限。",
        en="the PDF is larger than we read, or unpacks to it.",
    )
