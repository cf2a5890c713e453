"""PDFs made by the tests themselves, object by object: right ones, and hostile ones."""

import zlib
from collections.abc import Mapping, Sequence

Objects = Mapping[int, bytes]


def pdf(objects: Objects, *, trailer: bytes = b"", root: int = 1) -> bytes:
    """A PDF 1.7 of these objects with a table that finds them."""
    body, places = b"%PDF-1.7\n", {}
    for number, content in objects.items():
        places[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = max(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        used = number in places
        table += b"%010d %05d %s \n" % (
            places.get(number, 0),
            0 if used else 1,
            b"n" if used else b"f",
        )
    return body + table + b"trailer\n<< /Size %d /Root %d 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        size, root, trailer, len(body),
    )  # fmt: skip


def stream(data: bytes, extra: bytes = b"", *, packed: bool = True) -> bytes:
    if packed:
        data, extra = zlib.compress(data, 9), extra + b" /Filter /FlateDecode"
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def with_attached(
    files: Mapping[str, bytes], *, by: str = "Names", catalog: bytes = b"", packed: bool = True
) -> dict[int, bytes]:
    """The objects of a one-page PDF with files attached, by name tree or by ``AF``."""
    objects = {
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 396] >>",
    }
    specs: list[tuple[str, int]] = []
    for place, (name, content) in enumerate(files.items()):
        number = 10 + 2 * place
        specs.append((name, number))
        objects[number] = b"<< /Type /Filespec /F (%s) /UF (%s) /EF << /F %d 0 R >> >>" % (
            name.encode(), name.encode(), number + 1,
        )  # fmt: skip
        objects[number + 1] = stream(content, b"/Type /EmbeddedFile", packed=packed)
    listed = _names(specs) if by == "Names" else _associated(specs)
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R %s %s >>" % (listed, catalog)
    return dict(sorted(objects.items()))


def _names(specs: Sequence[tuple[str, int]]) -> bytes:
    pairs = b" ".join(b"(%s) %d 0 R" % (name.encode(), number) for name, number in specs)
    return b"/Names << /EmbeddedFiles << /Names [%s] >> >>" % pairs


def _associated(specs: Sequence[tuple[str, int]]) -> bytes:
    return b"/AF [%s]" % b" ".join(b"%d 0 R" % number for _, number in specs)
