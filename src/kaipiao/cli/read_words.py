"""The words of ``kaipiao read``, in both languages."""

from collections.abc import Mapping

Words = Mapping[str, tuple[str, str]]

MARKS: Mapping[str, str] = {"right": "✓", "wrong": "✗", "unknown": "?", "absent": "–"}

KINDS: Words = {
    "xml": ("XML 文件", "XML file"),
    "ofd": ("OFD 版式文件", "OFD file"),
    "pdf": ("PDF 文件, 读取其附件", "PDF file, read by its attachment"),
    "xbrl": ("XBRL 文件", "XBRL file"),
    "qr": ("二维码文本", "QR text"),
    "picture": ("图片中的二维码", "QR code in a picture"),
}

FORMS: Words = {
    "einvoice": ("数电票", "digital invoice (数电票)"),
    "vat2019": ("税控时代电子发票", "electronic invoice of the device era"),
    "xbrl": ("电子凭证会计数据标准", "accounting data of MOF's standard"),
    "ofd-tags": ("按版面标引读取, 没有数据附件", "read by its tags, without a data attachment"),
}

CHECKSUMS: Words = {
    "umts": ("校验码正确", "the checksum is right"),
    "arc": ("校验码正确 (ARC)", "the checksum is right (ARC)"),
    "modbus": ("校验码正确 (MODBUS)", "the checksum is right (MODBUS)"),
    "unknown": (
        "校验码算法未知 (不代表伪造)",
        "the checksum is of no kind we know (which does not mean forged)",
    ),
}

RULES: Words = {
    "number": ("号码", "number"),
    "arithmetic": ("金额", "arithmetic"),
    "words": ("大写", "words"),
    "ids": ("识别号", "ids"),
    "law": ("规则", "law"),
    "qr": ("二维码", "QR"),
    "page": ("版面", "page"),
    "digests": ("摘要", "digests"),
    "seal": ("签章", "seal"),
    "evidence": ("存证", "evidence"),
    "issued": ("开具状态", "issued"),
}
