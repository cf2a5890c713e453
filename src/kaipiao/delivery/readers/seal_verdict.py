"""What seals are found to be, as verdicts: the digests of the parts, and the seals themselves."""

from collections.abc import Iterator

from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.seal_check import SealCheck, SealReport
from kaipiao.delivery.readers.verdict import Verdict, Verdicts, compose, reach
from kaipiao.fiscal.violation import Violation

_ZH = "请向开票方重新获取原始文件。"
_EN = "Get the original file from the issuer again."

_SUMS = (
    ("hash_right", "seal-hash-wrong", "签章与 Signature.xml 不符", "is not over its Signature.xml"),
    ("signature_right", "seal-signature-wrong", "签章人的签名无效", "has no right signature"),
    ("maker_right", "seal-maker-wrong", "制章人的签名无效", "is not signed by its maker"),
    ("signer_listed", "seal-signer-not-listed", "签章人不在印章名单中", "names another signer"),
)


def judge_seals(report: SealReport, document: Document) -> Verdicts:
    """The verdicts ``digests`` and ``seal`` of a package."""
    if not report.seals:
        return {"digests": compose("digests", "absent"), "seal": compose("seal", "absent")}
    return {"digests": _digests(report, document), "seal": _seal(report)}


def _digests(report: SealReport, document: Document) -> Verdict:
    """Right only if all parts that were read are among those digested."""
    known = [seal for seal in report.seals if not seal.problem_en]
    found = [
        _wrong(
            "digest-wrong",
            part,
            f"{part} 在签章后被改动或删除",
            f"{part} was changed or removed after it was sealed",
        )
        for seal in known
        for part in seal.wrong_parts
    ]
    left_out = sorted(set(document.read_from) & set(report.uncovered) - {"OFD.xml"})
    found += [
        _doubt(
            "part-not-sealed",
            part,
            f"{part} 不在签章范围内",
            f"{part} was read, and no seal covers it",
        )
        for part in left_out
    ]
    found += _problems(report)
    return reach("digests", sum(seal.parts for seal in known), found)


def _seal(report: SealReport) -> Verdict:
    known = [seal for seal in report.seals if not seal.problem_en]
    found = [violation for seal in known for violation in _wrong_sums(seal)]
    signatures = sum(2 if seal.has_seal else 1 for seal in known)
    return reach("seal", signatures, [*found, *_problems(report)])


def _wrong_sums(seal: SealCheck) -> Iterator[Violation]:
    for field, code, zh, en in _SUMS:
        if not getattr(seal, field):
            yield _wrong(code, seal.where, f"{seal.where}: {zh}", f"{seal.where} {en}")
    if not seal.parts:
        yield _wrong(
            "seal-covers-nothing",
            seal.where,
            f"{seal.where}: 签章没有覆盖任何文件",
            f"{seal.where} covers nothing",
        )


def _problems(report: SealReport) -> list[Violation]:
    return [
        Violation(
            code="seal-unknown",
            path=_pointer(seal.where),
            zh=f"{seal.where}: {seal.problem_zh}",
            en=f"{seal.where}: {seal.problem_en}",
            severity="warning",
        )
        for seal in report.seals
        if seal.problem_en
    ]


def _wrong(code: str, part: str, zh: str, en: str) -> Violation:
    return Violation(code=code, path=_pointer(part), zh=f"{zh}。{_ZH}", en=f"{en}. {_EN}")


def _doubt(code: str, part: str, zh: str, en: str) -> Violation:
    return Violation(
        code=code, path=_pointer(part), zh=f"{zh}。{_ZH}", en=f"{en}. {_EN}", severity="warning"
    )


def _pointer(part: str) -> str:
    """A part of the package as a JSON pointer (RFC 6901)."""
    return "/parts/" + part.replace("~", "~0").replace("/", "~1")
