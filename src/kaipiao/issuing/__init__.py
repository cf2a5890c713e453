"""Issuing (开票): decides what may be issued, reversed, confirmed and drawn.

The order of the steps is the safety argument, so each use case is one short method: the law
is in ``fiscal`` and ``regimes``, durability is in ``ledger``, and here you read what happens
in which order.

We promise
    - one key, one invoice: a repeat gets the first receipt, whatever happened in between;
    - a refusal leaves no trace, and says everything that is wrong at once;
    - red letters against one original never pass zero, and no form is ever stuck.

May touch  its ports.  May not  know SQL, HTTP, or what a file is.

Start reading at ``issue.py``.
"""
