"""What the lab will not do, and what to type instead."""


class LabRefused(Exception):
    """The lab does not do this here; ``zh`` and ``en`` say why and what to do."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
