"""Shadow run (双轨并行): a second version is asked the same, and answers are compared.

    compare.py    pure: what must be equal, what is set aside, where two invoices differ
    again.py      the call that leads to an invoice, made from the invoice: drafts, red letters
    there.py      the shadow over HTTP; believes nothing and waits for nothing long
    cell.py       a shadow cell of our own: its folder, its mark, its process
    book.py       what was compared, on the disk: resumable, safe to run again
    run.py        reads the cell's log in its order, asks the shadow, notes the verdict
    report.py     counts and divergences in words

We promise  that nothing here stands in the issuing path: invoices are read after they were issued,
from the log's own order, and a shadow that is slow, dead or lying delays nobody but its report.
A shadow's numbers are never handed out: they begin with an area that does not exist, its log is
named ``shadow.invalid/…``, it mails nothing and calls nobody; a cell that is not marked so is
asked nothing.

We do not promise  that refusals are compared: the log holds only what was issued.  Start reading
at ``run.py``; ADR-0027 says why.
"""
