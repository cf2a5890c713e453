"""Ledger: remembers every invoice, key, number and credit line, in PostgreSQL.

One statement commits a whole batch of invoices: it advances the process's number block
(whose epoch is the split-brain guard), stores the batch as one compressed blob, claims every
(seller, key), draws the credit lines, and queues evidence and outbox.  It happens wholly or
not at all, and the block's row tells afterwards which it was.

We promise
    - exactly one invoice per seller and key, for ever, whichever process is asked;
    - numbers without gaps inside a block, and no credit line overdrawn;
    - nothing is acknowledged before PostgreSQL says that it is durable.

We do not promise  an order of numbers across processes; the order is the evidence log's.

May touch  PostgreSQL.  May not  know a tax rate, or open any other connection.

Start reading at ``group.py`` (how a crowd becomes one commit), then ``migrations/``.
"""
