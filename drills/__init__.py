"""Drills: break the real thing while people use it, and then check every word that was said.

    ./run drill kills                  two hundred kill -9 under load
    ./run drill kills --times 20 --seed 7

A cell is started as its operator starts it, on a scratch folder and with fsync on.  Callers
sell, repeat and reverse over HTTP, and write down what they hear (``heard.py``).  Processes are
killed at random moments.  Then everybody asks until they are answered, and ``judge.py`` holds
what was heard against what the cell has: database, API, log.

We promise  that whatever a caller was told, in whatever state the cell was, is judged.

We do not promise  that a seed repeats its story: the choices come from it, the moments in real
processes do not.  For that there is the twin (``./run sim``).

Not part of the package that is installed.  Start reading at ``kills.py``, then ``judge.py``.
"""
