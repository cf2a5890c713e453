"""Custom tags (自定义标引): which text object of which page shows which field.

The names are those of the e-invoice schema of 2019, which every reader of invoice OFDs knows;
what it has no name for has one of ours, in the same manner.
"""

from typing import Union

from kaipiao.delivery.renditions.ofd.markup import NAMESPACE, element, leaf, part

INVOICE_NAMESPACE = "http://www.edrm.org.cn/schema/e-invoice/2019"
LISTING, TAG = "Doc_0/Tags/CustomTags.xml", "Doc_0/Tags/CustomTag.xml"

Tree = dict[str, Union["Tree", list[str]]]
"""Elements by name, in order; at the ends, what they refer to.  ``GoodsInfo.2`` is the third
element of that name."""


class Tags:
    """Collects the places of fields while pages are drawn."""

    def __init__(self) -> None:
        self._tree: Tree = {}

    def note(self, field: str, *, page: int, shown: int) -> None:
        """The object ``shown`` on ``page`` shows ``field``, or its next part."""
        *above, name = field.split("/")
        tree = self._tree
        for step in above:
            below = tree.setdefault(step, {})
            assert isinstance(below, dict)
            tree = below
        places = tree.setdefault(name, [])
        assert isinstance(places, list)
        places.append(f'<ofd:ObjectRef PageRef="{page}">{shown}</ofd:ObjectRef>')

    def parts(self) -> dict[str, bytes]:
        listed = element(
            "CustomTag", leaf("FileLoc", TAG.rpartition("/")[2]), NameSpace=INVOICE_NAMESPACE
        )
        return {LISTING: part("CustomTags", listed), TAG: self._tag()}

    def _tag(self) -> bytes:
        spaces = f'xmlns:fp="{INVOICE_NAMESPACE}" xmlns:ofd="{NAMESPACE}"'
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<fp:eInvoice {spaces}>'
            f"{_written(self._tree)}</fp:eInvoice>"
        ).encode()


def _written(tree: Tree) -> str:
    written = []
    for key, below in tree.items():
        name = key.partition(".")[0]
        inside = "".join(below) if isinstance(below, list) else _written(below)
        written.append(f"<fp:{name}>{inside}</fp:{name}>")
    return "".join(written)
