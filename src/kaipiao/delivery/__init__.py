"""Delivery (交付): documents in and out, far away from the issuing path.

Here so far: the readers.  A 数电票 XML, an OFD (GB/T 33190) with its embedded XML or XBRL, a
sheet of invoices to issue: each becomes a plain value, or ``Unreadable`` says where and why.

We promise
    - bytes from a stranger cost bounded time and memory, and no exception but ``Unreadable``;
    - amounts are read exactly or not at all; nothing is rounded on the way in;
    - what a document says is kept as it says it: judging is a second step (``readers/judge.py``).

We do not promise
    - that a seal whose arithmetic is right was made by whom it names: certificate chains are
      not followed, and the report says so.

May touch  bytes it is handed, and files it is told to write.
May not    open a connection, or know the ledger.

Start reading at ``readers/document.py`` (what every reader gives), then ``readers/read.py``.
"""
