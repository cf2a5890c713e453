"""Seals (签章): signatures on documents by our own key, and on invoices by vendors.

We promise
    - whoever holds a document can check, without us, that no part of it was changed, and which
      key says so;
    - our own certificate says that this platform made it and that no state body did;
    - no vendor can stop an invoice: seals are made after it was issued, and while every vendor is
      dead they wait, counted and without limit;
    - nothing of what a vendor says is kept before its pinned key was seen to have signed it.

We do not promise
    - that anybody but this platform vouches for that key;
    - that what is signed is true: the receipt from the evidence log answers for that.

May touch  the key files of the local seals; the vendors, each behind a breaker of its own.
May not    know an invoice or a document's format: bytes come in, a ``Mark`` goes out.

Start reading at ``local.py`` for documents (the port is ``Sealer``; ``document_key.py`` has the
P-256 key that PDF and XML programs elsewhere check), at ``sealing.py`` for vendors
(the port is ``Seals``); ``breaker.py`` is pure, ``remote.py`` is the protocol, ADR-0020 says why.
"""
