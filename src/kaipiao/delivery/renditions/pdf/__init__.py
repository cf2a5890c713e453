"""PDF (ISO 19005-3, PDF/A-3b) and its picture, set by typst from the face's own layout.

    face ─► lay_out ─► a drawing (JSON) ─► page.typ ─► PDF/A-3 with the XML inside, or PNG
                                                       └─► and a signature behind it (sign.py)

We promise
    - the same invoice, attachments and key give the same bytes, the signature included;
    - the attached XML is the XML rendition, byte for byte;
    - every character is drawn from the package's own typeface, and can be copied as text.

We do not promise
    - more conformance than was checked: typst refuses to write what it knows to break
      PDF/A-3b; no other validator has looked.

May touch   the font file and ``page.typ``.
May not     read a clock: the only date is the invoice's own.

Start reading at ``typeset.py``.
"""
