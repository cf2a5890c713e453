"""The 数电票 XML that we write: what genuine ones say, and our own evidence behind it.

    EInvoice
    ├─ Header, EInvoiceData, TaxSupervisionInfo     names and order of genuine files (visible.py)
    └─ PlatformEvidence                             ours, and it says so (evidence.py)

What no platform but the state's can say is left out: EInvoiceTag, SellerAuthentication, the tax
bureau's code, name and signature.  Where the format cannot express a part of an invoice, the
canonical draft inside the evidence is the truth, and ``check.py`` compares everything shown
with it.
"""
