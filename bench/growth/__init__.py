"""Growth: does the ledger slow down as it fills, where do its bytes go, and does archiving hurt?

    ./run bench growth                      20 million invoices, about twenty-five minutes
    ./run bench growth --millions 1         a first look, two minutes

One embedded PostgreSQL with its default settings holds two databases.  ``grown`` is filled to
each stop in turn; ``control`` stays small.  At every stop the two are measured in turns, so that
a ratio compares the same minutes on a machine whose speed drifts.  The ledger's own classes run
in this process, without HTTP; the log process of both runs beside it, as in a cell.

Every invoice differs from every other: equal ones would make the digest index look small.
"""
