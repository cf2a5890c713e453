"""Backups (备份): a cell that lost everything comes back, and proves that it is the same one.

    shelf.py     the folder of backups: series, backups, what stands where
    tools.py     the server's own programs, run as its unprivileged user
    take.py      a base backup, full or only what changed, and what else belongs to the cell
    stream.py    the log of the database (WAL), received as it is written
    choose.py    which backup a restore begins with, and what else of its history lies elsewhere
    check.py     every byte of a backup is what it was
    restore.py   a cell laid out again in an empty folder, and replayed to a moment
    prove.py     both logs' roots, made again from the restored ledger
    prune.py     what no restore needs any more
    fill.py      millions of invoices for a restore drill

We promise  that a backup is whole or not there; that every file of one is read and checked before
it is used; that a restore says how many leaves it has and how many were published.

We do not promise  what was acknowledged after the last streamed byte: one machine that burns loses
what its stream had not carried away yet (milliseconds, while it runs).  Three machines do not.

May touch  the backup folder, an empty data folder, the database's replication protocol.
"""
