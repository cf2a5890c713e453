"""Documents made by the tests themselves, so that the readers are tested in any clone.

Every company is invented (``tests.strategies``).  The seal is a real one of GB/T 38540 version
4, signed with keys made here: its maker and its signer are one fresh key each.
"""

import base64
import functools
import io
import random
import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

import gmssl_pyx

from kaipiao.base import der
from kaipiao.base.sm import sm3
from tests.strategies import BUYER, SELLER

NUMBER = "26317000000000000042"
CODE, OLD_NUMBER, CHECK_CODE = "031002600011", "00000042", "01234567890123456789"


def einvoice(**changes: str) -> bytes:
    """A 数电票 XML of one line, 100.00 + 13.00; ``changes`` replace the text of elements."""
    values = {
        "EIid": NUMBER,
        "InIssuType": "Y",
        "GeneralOrSpecialVAT": "01",
        "TotalAmWithoutTax": "100.00",
        "TotalTaxAm": "13.00",
        "TotalTax-includedAmount": "113.00",
        "TotalTax-includedAmountInChinese": "壹佰壹拾叁圆整",
        "Amount": "100.00",
        "TaxRate": "0.13",
        "ComTaxAm": "13.00",
        "TotaltaxIncludedAmount": "113.00",
        "InvoiceNumber": NUMBER,
        "IssueTime": "2026-11-24",
        "Quantity": "2",
        "UnPrice": "50",
        "SellerIdNum": SELLER.taxpayer_id,
    } | {name.replace("__", "-"): value for name, value in changes.items()}
    text = {name: escape(value) for name, value in values.items()}
    return f"""<?xml version="1.0" encoding="utf-8"?>
<EInvoice><Header><EIid>{text["EIid"]}</EIid><Version>0.31</Version><InherentLabel>
<InIssuType><LabelCode>{text["InIssuType"]}</LabelCode></InIssuType>
<GeneralOrSpecialVAT><LabelCode>{text["GeneralOrSpecialVAT"]}</LabelCode></GeneralOrSpecialVAT>
</InherentLabel></Header><EInvoiceData>
<SellerInformation><SellerIdNum>{text["SellerIdNum"]}</SellerIdNum>
<SellerName>{SELLER.name}</SellerName></SellerInformation>
<BuyerInformation><BuyerIdNum>{BUYER.taxpayer_id}</BuyerIdNum><BuyerName>{BUYER.name}</BuyerName>
<BuyerTelNum>000-1</BuyerTelNum><BuyerAddr>虚构路1号</BuyerAddr></BuyerInformation>
<BasicInformation>{_element("TotalAmWithoutTax", text)}{_element("TotalTaxAm", text)}
{_element("TotalTax-includedAmount", text)}{_element("TotalTax-includedAmountInChinese", text)}
<Drawer>李示例</Drawer><RequestTime>2026-11-24 09:30:01</RequestTime></BasicInformation>
<IssuItemInformation><ItemName>*文具*文件盒</ItemName><SpecMod>A4</SpecMod><MeaUnits>个</MeaUnits>
{_element("Quantity", text)}{_element("UnPrice", text)}
{_element("Amount", text)}{_element("TaxRate", text)}{_element("ComTaxAm", text)}
{_element("TotaltaxIncludedAmount", text)}
<TaxClassificationCode>1060401010000000000</TaxClassificationCode></IssuItemInformation>
<AdditionalInformation><Remark>合同一号</Remark></AdditionalInformation></EInvoiceData>
<TaxSupervisionInfo>{_element("InvoiceNumber", text)}{_element("IssueTime", text)}
</TaxSupervisionInfo></EInvoice>""".encode()


def vat2019(qr: str = "") -> bytes:
    """The XML of a device-era invoice, 100.00 + 13.00."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<eInvoice xmlns:fp="http://www.edrm.org.cn/schema/e-invoice/2019" Version="1.0">
<fp:InvoiceCode>{CODE}</fp:InvoiceCode><fp:InvoiceNo>{OLD_NUMBER}</fp:InvoiceNo>
<fp:IssueDate>2026年11月24日</fp:IssueDate><fp:InvoiceCheckCode>{CHECK_CODE}</fp:InvoiceCheckCode>
<fp:Buyer><fp:BuyerName>{BUYER.name}</fp:BuyerName>
<fp:BuyerTaxID>{BUYER.taxpayer_id}</fp:BuyerTaxID></fp:Buyer>
<fp:Seller><fp:SellerName>{SELLER.name}</fp:SellerName>
<fp:SellerTaxID>{SELLER.taxpayer_id}</fp:SellerTaxID></fp:Seller>
<fp:TaxInclusiveTotalAmount>113.00</fp:TaxInclusiveTotalAmount>
<fp:InvoiceClerk>李示例</fp:InvoiceClerk><fp:TaxTotalAmount>13.00</fp:TaxTotalAmount>
<fp:TaxExclusiveTotalAmount>100.00</fp:TaxExclusiveTotalAmount><fp:GraphCode>{qr}</fp:GraphCode>
<fp:GoodsInfos><fp:GoodsInfo><fp:Item>*文具*文件盒</fp:Item><fp:Price>50</fp:Price>
<fp:Quantity>2</fp:Quantity><fp:Amount>100.00</fp:Amount><fp:TaxScheme>13%</fp:TaxScheme>
<fp:TaxAmount>13.00</fp:TaxAmount></fp:GoodsInfo></fp:GoodsInfos></eInvoice>""".encode()


def xbrl(currency: str = "CNY") -> bytes:
    """An instance of MOF's ``inv``, 100.00 + 13.00."""
    kind = "TaxpayerIdentificationNumberUnifiedSocialCreditCodeOf"
    return f"""<xbrl xmlns="http://www.xbrl.org/2003/instance"
 xmlns:inv="http://xbrl.mof.gov.cn/taxonomy/2021-09-30/inv"
 xmlns:iso4217="http://www.xbrl.org/2003/iso4217">
<unit id="u1"><measure>iso4217:{currency}</measure></unit>
<inv:TypeOfInvoice><![CDATA[增值税电子普通发票]]></inv:TypeOfInvoice>
<inv:CodeOfInvoice>{CODE}</inv:CodeOfInvoice><inv:NumberOfInvoice>{OLD_NUMBER}</inv:NumberOfInvoice>
<inv:DateOfIssue>2026-11-24</inv:DateOfIssue><inv:NameOfPurchaser>{BUYER.name}</inv:NameOfPurchaser>
<inv:TotalAmountExcludingTax>100.00</inv:TotalAmountExcludingTax>
<inv:TotalTaxAmount>13.00</inv:TotalTaxAmount>
<inv:TaxIncludedAmountInWords>壹佰壹拾叁圆整</inv:TaxIncludedAmountInWords>
<inv:TaxIncludedAmountInFigures>113.00</inv:TaxIncludedAmountInFigures>
<inv:InformationOfTaxableGoodsOrServicesDetailItemsTuple>
<inv:NameOfTaxableGoodsOrServices>*文具*文件盒</inv:NameOfTaxableGoodsOrServices>
<inv:AmountExcludingTax>100.00</inv:AmountExcludingTax><inv:TaxRate>13.00%</inv:TaxRate>
<inv:TaxAmount>13.00</inv:TaxAmount></inv:InformationOfTaxableGoodsOrServicesDetailItemsTuple>
<inv:NameOfSeller>{SELLER.name}</inv:NameOfSeller>
<inv:{kind}Seller>{SELLER.taxpayer_id}</inv:{kind}Seller><inv:Issuer>李示例</inv:Issuer></xbrl>
""".encode()


_REF = '<ofd:ObjectRef PageRef="1">{}</ofd:ObjectRef>'


def _tags(**ids: str) -> str:
    """``InvoiceNo="11"`` as the element that says so; two ids with a space between."""
    return "".join(
        f"<{name}>{''.join(map(_REF.format, places.split()))}</{name}>"
        for name, places in ids.items()
    )


TAG = (
    '<?xml version="1.0"?><:eInvoice xmlns:="">'
    + _tags(InvoiceCode="10", InvoiceNo="11", IssueDate="12", TaxInclusiveTotalAmount="14 15")
    + f"<Seller>{_tags(SellerTaxID='13')}</Seller>"
    + _tags(TaxExclusiveTotalAmount="16", TaxTotalAmount="17")
    + f"<GoodsInfos><GoodsInfo>{_tags(Item='18', Amount='16', TaxScheme='19', TaxAmount='17')}"
    + "</GoodsInfo></GoodsInfos></:eInvoice>"
)
"""As a genuine issuer writes it: an empty prefix, and one that nobody declares."""

SHOWN = {
    "10": CODE,
    "11": OLD_NUMBER,
    "12": "2026年11月24日",
    "13": SELLER.taxpayer_id,
    "14": "¥",
    "15": "113.00",
    "16": "100.00",
    "17": "13.00",
    "18": "*文具*文件盒",
    "19": "13%",
    "20": "壹佰壹拾叁圆整",
}
"""What the page shows, by the id of its text object."""


def ofd_parts(
    attachment: bytes | None = None, shown: Mapping[str, str] = SHOWN, tag: str = TAG
) -> dict[str, bytes]:
    """The parts of an unsealed OFD by path."""
    texts = "".join(
        f'<ofd:TextObject ID="{key}"><ofd:TextCode>{escape(text)}</ofd:TextCode></ofd:TextObject>'
        for key, text in shown.items()
    )
    parts = {
        "OFD.xml": _ofd("OFD", "<DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody>"),
        "Doc_0/Document.xml": _ofd(
            "Document",
            '<Pages><Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></Pages>'
            + ("<Attachments>Attachs/Attachments.xml</Attachments>" if attachment else "")
            + "<CustomTags>/Doc_0/Tags/CustomTags.xml</CustomTags>",
        ),
        "Doc_0/Pages/Page_0/Content.xml": _ofd("Page", f"<Content>{texts}</Content>"),
        "Doc_0/Tags/CustomTags.xml": _ofd(
            "CustomTags", "<CustomTag><FileLoc>CustomTag.xml</FileLoc></CustomTag>"
        ),
        "Doc_0/Tags/CustomTag.xml": tag.encode(),
    }
    if attachment:
        parts["Doc_0/Attachs/Attachments.xml"] = _ofd(
            "Attachments", '<Attachment ID="1"><FileLoc>invoice.xml</FileLoc></Attachment>'
        )
        parts["Doc_0/Attachs/invoice.xml"] = attachment
    return parts


def packed(parts: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {entry: package.read(entry) for entry in package.namelist()}


def mutations(data: bytes, *, rounds: int, seed: int = 1) -> Iterator[bytes]:
    """The same document, damaged: bytes of the file, and of the parts of a package."""
    chance = random.Random(seed)
    parts = unpacked(data) if data.startswith(b"PK") else {}
    for _ in range(rounds):
        yield _damaged(data, chance)
        if parts:
            part = chance.choice(list(parts))
            yield packed(parts | {part: _damaged(parts[part], chance)})


def _damaged(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(damaged) + 1)
        cut = chance.choice((0, 1, 1, 1, 8, 200))
        damaged[start : start + cut] = chance.choice(_GRAFTS) or chance.randbytes(cut)
    return bytes(damaged)


_GRAFTS = (b"", b"", b"", b"<", b"&#0;", b"-", b"99999999999999999999", b"../", b"\xff", b"</x>")


class Keys(NamedTuple):
    public: bytes
    private: bytes
    certificate: bytes


@functools.cache
def keys(name: str) -> Keys:
    """A fresh SM2 key and the certificate that names it (its own signature is not looked at)."""
    public, private = gmssl_pyx.sm2_key_generate()
    common_name = _seq(_tlv(der.OID, b"\x55\x04\x03"), _tlv(der.UTF8_STRING, name.encode()))
    subject = _seq(_tlv(der.SET, common_name))
    key = _seq(_seq(), _bits(b"\x04" + public))
    fields = (_tlv(0xA0, _int(2)), _int(1), _seq(), subject, _seq(), subject, key)
    return Keys(public, private, _seq(_seq(*fields), _seq(), _bits(b"\0")))


def sealed(parts: Mapping[str, bytes], *, version: int = 4) -> dict[str, bytes]:
    """The parts with a seal over all of them."""
    place = "Doc_0/Signs/Sign_0/"
    all_ = dict(parts)
    all_["OFD.xml"] = _ofd(
        "OFD",
        "<DocBody><DocRoot>Doc_0/Document.xml</DocRoot>"
        "<Signatures>/Doc_0/Signs/Signatures.xml</Signatures></DocBody>",
    )
    references = "".join(
        f'<Reference FileRef="/{name}"><CheckValue>{base64.b64encode(sm3(content)).decode()}'
        "</CheckValue></Reference>"
        for name, content in all_.items()
    )
    signature = _ofd(
        "Signature",
        f'<SignedInfo><References CheckMethod="1.2.156.10197.1.401">{references}</References>'
        f"</SignedInfo><SignedValue>/{place}SignedValue.dat</SignedValue>",
    )
    return all_ | {
        "Doc_0/Signs/Signatures.xml": _ofd(
            "Signatures", '<Signature ID="1" BaseLoc="Sign_0/Signature.xml"/>'
        ),
        f"{place}Signature.xml": signature,
        f"{place}SignedValue.dat": seal(signature, version=version),
    }


def seal(
    signature_xml: bytes, *, version: int = 4, listed: bytes = b"", made_by: str = "虚构制章人"
) -> bytes:
    """SES_Signature over Signature.xml.

    ``listed`` is the certificate that the seal names, ``made_by`` whose key signs the seal.
    """
    signer, maker = keys("虚构签章人"), keys("虚构制章人")
    dates = (_tlv(0x18, b"20260101000000Z"),) * 3
    named = _seq(_tlv(der.OCTET_STRING, listed or signer.certificate))
    properties = _seq(_int(3), _tlv(der.UTF8_STRING, "虚构印章".encode()), _int(1), named, *dates)
    info = _seq(_seq(_int(4)), _tlv(0x16, b"0001"), properties, _seq())
    algorithm = _tlv(der.OID, bytes.fromhex("2a811ccf55018375"))
    forger = keys(made_by)
    made = _bits(gmssl_pyx.sm2_sign(forger.private, forger.public, info))
    stamp = _seq(info, _tlv(der.OCTET_STRING, maker.certificate), algorithm, made)
    covers, path = _bits(sm3(signature_xml)), _tlv(0x16, b"/Doc_0/Signs/Sign_0/Signature.xml")
    to_sign = _seq(_int(version), stamp, _tlv(0x18, b"20261124093001Z"), covers, path)
    signed = _bits(gmssl_pyx.sm2_sign(signer.private, signer.public, to_sign))
    return _seq(to_sign, _tlv(der.OCTET_STRING, signer.certificate), algorithm, signed)


def _element(name: str, text: Mapping[str, str]) -> str:
    return f"<{name}>{text[name]}</{name}>"


def _ofd(root: str, inside: str) -> bytes:
    return f'<?xml version="1.0"?><ofd:{root} xmlns:ofd="x">{inside}</ofd:{root}>'.encode()


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _seq(*values: bytes) -> bytes:
    return _tlv(der.SEQUENCE, b"".join(values))


def _int(value: int) -> bytes:
    return _tlv(der.INTEGER, bytes((value,)))


def _bits(content: bytes) -> bytes:
    return _tlv(der.BIT_STRING, b"\0" + content)
