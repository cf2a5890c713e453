"""The archive (归档): old batches leave the database, and everything still finds them.

A partition of ``batch`` that will never change again is written to one file, read back, and
proved against the published log, invoice by invoice.  Only then is it detached and dropped.

We promise
    - at every instant an invoice is in the database or in a file that was proved, or in both;
    - run again after any crash, it finishes what was begun;
    - no lock that issuing waits for, no transaction longer than some milliseconds.

We do not promise
    - a second copy: a file of the archive is the only one, so back it up as the database;
    - to keep keys, the index and the log's order small: they stay in the database.

``file.py`` is the format, ``shelf.py`` how servers read it, ``parts.py`` what may go and why not
yet, ``proof.py`` what is checked, ``archiver.py`` the order of the steps.  ADR-0010 says why.
"""
