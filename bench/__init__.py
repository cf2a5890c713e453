"""Bench: what this machine can issue, measured against what most teams would build.

    ./run bench            several rounds, a dated JSON and a page under docs/
    ./run bench --quick    one short round, within a minute

Every stack is asked over HTTP by the same load generator for the same invoices, on PostgreSQL
with the same settings and fsync on; rounds are interleaved, so that a ratio compares the same
minute.  The product itself is started as its operator starts it, and knows nothing of us.

We promise  that nothing but success is counted, and that a latency includes all of the wait.

We do not promise  that absolute figures mean anything on another machine: read the ratios.

Not part of the package that is installed.  Start reading at ``__main__.py``, then ``load.py``.
"""
