"""Readers (读取): what an invoice document says, and whether it agrees with itself.

A 数电票 XML, an OFD (GB/T 33190) with its attachments and seals, a PDF with its XML, an XBRL
instance, the XML of the device era: each becomes one ``Document``; the text or picture of a QR
code a ``QrReading``.  Or ``Unreadable`` says where and why.

We promise
    - bytes from a stranger cost bounded time and memory, and no exception but ``Unreadable``;
    - amounts are read exactly or not at all; nothing is rounded on the way in;
    - what a document says is kept as it says it: judging is a second step (``judge.py``);
    - a verdict never says more than was checked (``verdict.py``).

We do not promise
    - that an invoice was issued: that only a verification (查验) can tell;
    - that a seal whose arithmetic is right was made by whom it names: certificate chains are
      not followed, and the report says so.

Limits stand in each reader; behind them ``bounds.py`` draws walls, and ``room.py`` reads in a
child process for whoever must not wait.

Start reading at ``document.py`` (what every reader gives), then ``report.py`` (the one entry).
"""
