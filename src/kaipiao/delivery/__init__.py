"""Delivery (交付): documents in and out, far away from the issuing path.

    readers/     what a document says, whoever made it, and whether it agrees with itself
    renditions/  an issued invoice as XML, XBRL, OFD, PDF or PNG (版式文件)
    sheets/      invoices to issue in a sheet, and the sheet back with what became of each
    sending/     mail, webhooks, links, the ZIP of a month: to whom, when, how often

We promise
    - nothing here is waited for by an invoice: all of it may be down, and issuing goes on;
    - bytes from a stranger cost bounded time and memory, and no exception but ``Unreadable``;
    - amounts are read and written exactly or not at all; nothing is rounded.

We do not promise
    - that a seal whose arithmetic is right was made by whom it names: certificate chains are
      not followed, and every report says so.

May touch  bytes it is handed, files it is told to write, its own outbox; child processes.
May not    know the ledger, or open a connection from anywhere but ``sending/``.

Start reading at the card of each folder.
"""
