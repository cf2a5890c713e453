"""OFD (GB/T 33190-2016): the state's format for fixed pages, written by ourselves.

    OFD.xml ─► Doc_0/Document.xml ─┬► PublicRes.xml ─► Res/ the font, only the glyphs in use
               │                   ├► Tpls    what every page has: lines, labels
               │                   ├► Pages   what this invoice says, page by page
               │                   ├► Tags    which text object shows which field
               │                   └► Attachs the invoice itself, as XML
               └► Signs/ SM3 of every part above, signed by the platform (SM2)

We promise
    - the same invoice gives the same bytes, but for the signature's value, which differs each
      time and says the same;
    - every part is valid by the standard's schema; curves are Béziers, which every viewer draws;
    - a changed part is found out by anyone who checks the signature (``kaipiao read``);
    - nothing on the page looks like a seal of a state, and the signature has no picture.

May touch   nothing but the font file.
May not     read a clock: all dates are the invoice's own.

Start reading at ``render.py``; the format's bricks are ``markup``, ``canvas`` and ``package``.
"""
