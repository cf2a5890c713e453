"""Mirror (镜像): a copy of a log that believes nothing, serves everyone, and can give it back.

We promise
    - every file is proved to lie under a signed checkpoint before it is kept;
    - a source that became shorter, or tells another history, is refused: the copy stays as it
      was, and what the source has signed is kept (``kaipiao.evidence.exhibits``);
    - a copy cut off at any instant goes on where it was: what is there is read again, and proved;
    - a lost log is made again from a copy only after every byte of it was proved equal to the
      last root that was witnessed.

We do not promise
    - to have what the source has not published yet, or every partial tile of sizes gone by.

May touch  its own folder; the source through what it is given to read with.
May not    write to the source, or hold any key.

Start reading at ``copy.py`` (one step forward), then ``tree.py`` (from the signed root down) and
``restore.py`` (the way back).
"""
