"""Sheets (表格): invoices to issue, as people keep them; and lists of what was issued.

We promise
    - a cell is read exactly or is a fault that names it, in Chinese and English;
    - nothing that is filled in is dropped in silence: an unknown heading is a fault;
    - a sheet is given back with the user's own values and what became of each invoice;
    - what a stranger typed never runs in whoever opens a file of ours;
    - a list of any length takes a few megabytes of memory.

We do not promise
    - to judge: whether a draft is lawful is asked elsewhere, and its cell found here;
    - to keep formats, drawings or formulas of a sheet that is given back.

May touch  bytes it is handed, and files it is told to write.

Start reading at ``layout.py`` (which columns there are), then ``read.py`` (rows to drafts),
``file.py`` (the sheet as a file of sales) and ``listing.py`` (lists).
"""
