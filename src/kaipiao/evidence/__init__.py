"""Evidence (存证): a log that nobody, ourselves included, can quietly rewrite.

Every issued invoice becomes one leaf of a Merkle tree.  A *checkpoint* is a signed statement
of the tree's size and root; a *receipt* (回执) shows that one leaf is inside such a tree, and
whoever holds it needs nothing else but our public key: no network, no account, no trust in us.

We promise
    - a leaf, once a checkpoint covers it, keeps its index and its bytes for ever;
    - any two of our checkpoints can be proved consistent: rather than sign anything else, the
      log stops and says so (``LogRewound``, ``LogForked``);
    - a crash at any instant is repaired by the ordinary start: the ledger knows the order;
    - witnesses and time stamps make a receipt worth more (``grade.py``) and never stand in the
      way of one.

We do not promise
    - that a leaf is *true*, only that it was *said*;
    - a proof at once: leaves are gathered for a moment, and published within a second.

May touch  the log's folder, the signing key, the order of leaves (``ports.LeafOrder``);
           from ``cosigning`` and ``mirror`` alone: witnesses, authorities and other logs by HTTP.
May not    read invoices back, or know what a tax rate is: to the log a leaf is 32 bytes.

Start reading at ``merkle.py`` (arithmetic, no I/O), then ``edge.py`` (how a tree grows),
``writer.py`` (the loop), ``paths.py`` (receipts by the thousand), ``verdict.py`` (what a buyer
runs), ``audit.py`` and ``walk.py`` (what a doubter runs).  The formats are RFC 6962, RFC 3161 and
C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-proof, tlog-cosignature, tlog-witness and
tlog-policy; ADR-0006 and ADR-0016 say why.
"""
