"""Twin (数字孪生): the real core in a world without a machine, replayed from one number.

The use cases, the law, the red-letter arithmetic and the log writer run here unchanged.  What
they lean on is ours: a ledger, a disk and a clock in memory, on an event loop whose time jumps
to the next thing that happens.  Messages are lost, late, doubled and out of order, processes
die between any two steps, clocks jump; every chance comes from one seed.

We promise
    - the ledger in memory keeps what the ledger on PostgreSQL keeps: one contract, both pass it;
    - the same seed tells the same story, to the byte, on every machine;
    - whoever judges a run recomputes what must hold from what was issued, and asks no part of
      the core for it.

We do not promise  that PostgreSQL, a kernel or a disk behaves as the ones here: tests on real
processes are for that.  And a storm that passes proves nothing; one that fails does.

May touch  memory.  May not  open a file or a connection, or look at a clock on the wall.

Start reading at ``storm.py`` (the story), then ``faults.py`` (what breaks) and
``promises.py`` (what must hold).  ADR-0008 says why.
"""
