"""What is found out about one seal, and about all of them together."""

from typing import Literal

import msgspec

Outcome = Literal["right", "wrong", "unknown", "unsealed"]


class SealCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One seal.  ``problem`` is set where it could not be taken apart; then the sums are False."""

    where: str
    name: str = ""
    signer: str = ""
    maker: str = ""
    stamped_at: str = ""
    parts: int = 0  # how many digests it lists
    wrong_parts: tuple[str, ...] = ()  # changed or missing since
    hash_right: bool = False  # of Signature.xml
    signature_right: bool = False  # SM2 of the signer over the seal and that hash
    maker_right: bool = False  # SM2 of the seal's maker over the seal
    signer_listed: bool = False  # the seal may be used by this signer
    has_seal: bool = True  # False: a signature alone; the last two then hold by themselves
    problem_zh: str = ""
    problem_en: str = ""

    @property
    def verdict(self) -> Outcome:
        if self.problem_en:
            return "unknown"
        sums = self.hash_right and self.signature_right and self.maker_right and self.signer_listed
        return "right" if sums and self.parts and not self.wrong_parts else "wrong"


class SealReport(msgspec.Struct, frozen=True, kw_only=True):
    """All seals of a package, and the parts that none of them covers."""

    seals: tuple[SealCheck, ...]
    uncovered: tuple[str, ...] = ()

    @property
    def verdict(self) -> Outcome:
        """The worst of the seals; ``unsealed`` if there is none."""
        verdicts = {seal.verdict for seal in self.seals}
        if "wrong" in verdicts:
            return "wrong"
        return "unknown" if "unknown" in verdicts else "right" if verdicts else "unsealed"
