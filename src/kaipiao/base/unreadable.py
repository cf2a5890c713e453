"""What a reader says when bytes from outside are not what they claim to be."""


class Unreadable(ValueError):
    """The only exception a reader of foreign bytes raises: where, what, and what to do.

    ``where`` names the part (a file of a package, an element, a cell); empty: the whole.
    """

    def __init__(self, where: str, *, zh: str, en: str) -> None:
        super().__init__(f"{where}: {en}" if where else en)
        self.where = where
        self.zh = zh
        self.en = en
