"""Kinds of invoice (票种): their codes when issuing, when verifying, and in a QR string."""

from kaipiao.fiscal.draft import Kind, Margin, Nature

KIND_NAMES: dict[Kind, tuple[str, str]] = {
    "special": ("增值税专用发票", "special VAT invoice"),
    "ordinary": ("普通发票", "ordinary invoice"),
}
ISSUE_CODES: dict[Kind, str] = {"special": "01", "ordinary": "02"}
VERIFY_CODES: dict[Kind, str] = {"special": "81", "ordinary": "82"}
QR_TYPES: dict[Kind, str] = {"special": "31", "ordinary": "32"}

NATURE_CODES: dict[Nature, str] = {"normal": "00", "discount": "01", "discounted": "02"}
MARGIN_CODES: dict[Margin, str] = {"none": "", "full": "01", "difference": "02"}

VERIFIABLE: dict[str, str] = {
    "01": "增值税专用发票",
    "03": "机动车销售统一发票",
    "04": "增值税普通发票",
    "08": "增值税电子专用发票",
    "10": "增值税电子普通发票",
    "11": "增值税普通发票 (卷票)",
    "14": "通行费电子普通发票",
    "15": "二手车销售统一发票",
    "51": "铁路电子客票",
    "61": "航空运输电子客票行程单",
    "81": "数电票 (增值税专用发票)",
    "82": "数电票 (普通发票)",
}
"""Kinds that the verification side (查验) knows."""

QR_NAMES: dict[str, str] = {
    "10": "增值税电子普通发票",
    "31": "数电票 (增值税专用发票)",
    "32": "数电票 (普通发票)",
    "51": "铁路电子客票",
}
"""Types seen in the second field of a QR string."""
