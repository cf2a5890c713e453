"""Renditions (版式文件): what a buyer and an accountant hold in their hands.

    desk.py      where one is asked for: kept, or made, each once
    cache.py     what was made before, in a folder with a limit
    workshop.py  the child process that makes them, one at a time, at a lower priority
    make.py      which kinds there are, and their writers
    einvoice/    数电票 XML, with our evidence; what verifying it compares
    xbrl.py · ofd/ · pdf/    the other writers; face/ is the page that the last two print

We promise
    - made when first asked for, from what the ledger holds; never in the issuing path;
    - the same source gives the same bytes, but for signatures: what is kept may be thrown away;
    - every document says that it is this platform's, and none that it is a state body's.

May touch  a folder for what is kept, and the child that it starts.
May not    know the ledger, the log or a key: receipt and signature are handed in.

Start reading at ``desk.py``, then ``make.py``.
"""
