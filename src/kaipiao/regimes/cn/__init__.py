"""China: the law of the digital invoice (数电票), as dated data, and the rules that apply it.

Every row says since when it holds, until when, and where it is written; what is believed but
was never read in a source begins with ``unconfirmed``.

We promise
    - ``rules.check`` returns *all* violations of a draft, each with its place, a stable code
      and what to do, in Chinese and English; a draft without errors may be issued;
    - what comes from outside is never asked for equality to the fen, only for the tolerances.

May touch   nothing: the day is an argument.
May not     know who asks, or what becomes of the answer.

Start reading at ``rules.py`` (the rules, one tuple), then ``law.py`` (the data of one day).
"""
