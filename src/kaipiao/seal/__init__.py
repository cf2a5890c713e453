"""Seals (签章): signatures on documents, so that a changed page is found out.

We promise
    - whoever holds a document can check, without us, that no part of it was changed, and which
      key says so;
    - our own certificate says that this platform made it and that no state body did.

We do not promise
    - that anybody but this platform vouches for that key;
    - that what is signed is true: the receipt from the evidence log answers for that.

May touch  the key file of the local seal; later the vendors, each behind a breaker.
May not    know an invoice or a document's format: bytes come in, a ``Mark`` goes out.

Start reading at ``local.py``; the port is ``Sealer`` in ``ports``.
"""
