"""Drills (演练): break a running cell on purpose, under load, and hold every promise against it.

A drill is an ``Experiment``: what is broken, how it is put back, how long writes may stop.  It
runs on a *stage*: a lab of three members, or one cell on this machine.  Callers sell, repeat and
reverse meanwhile and write down what they hear.  Afterwards the judge holds all of it against
what survived: tables, published log, checkpoints.

We promise
    - steady before, or nothing is broken; put back afterwards, whatever happened in between;
    - each acknowledged receipt is looked for, not a sample.

We do not promise  that a seed repeats its story: moments in real processes are not ours.

May touch  the stage it was given, and no other cell: the judge reads through ``ledger``.
Start reading at ``experiment.py``, then ``perform.py``, then ``judge.py``.
"""
