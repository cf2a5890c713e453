"""The offline page (离线查验页): one file of HTML that verifies invoices, for whoever saves it.

A second verifier: its JavaScript shares nothing with ``verdict.py`` but the published formats, and
tests set both before the same receipts.  It makes the leaf anew, walks the path, checks Ed25519
signatures and cosignatures, and works out from the draft inside an XML all that the file must show.

We promise
    - nothing leaves the browser: the page's own policy forbids every connection;
    - it works from a folder, with no server, as long as browsers know Ed25519;
    - what it cannot check (time stamps, a document's own signature, the page beside the XML) it
      names, and does not count.

We do not promise
    - that a page from a stranger is this page: get it, and the key in it, from someone you trust.

May touch  nothing: ``compose.py`` reads its own files and returns bytes.

Start reading at ``script/40-receipt.js``; the files are joined in the order of their names.
"""
