"""What a person is told when a backup or a restore is refused, or does not hold."""


class BackupWrong(Exception):
    """Refused, or found damaged; ``zh`` and ``en`` say what to do next."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
