from kaipiao.fiscal.plain import Plain
from kaipiao.regimes.cn.law import Law

class Passage:
    def __init__(self, law: Law, shown: bytes) -> None:
        """``shown`` is ``passage.shown_in_bmp()``."""

    def read(self, body: bytes) -> Plain | None: ...
    def read_keyed(self, line: bytes) -> tuple[str, Plain] | None: ...
