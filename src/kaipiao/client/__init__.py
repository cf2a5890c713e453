"""Client: the Python client of a cell, for people who keep books and lose connections.

One call, one key, one invoice: when an answer is lost, the client asks again with the same
key and the same bytes until it hears an answer or its retry budget is spent.  It never makes
a key up by the way: a key that your own records do not know cannot be asked about again (a sale
without a good name gets one in ``key_book.py``, kept before the first try).

We promise
    - a refusal arrives as ``Problem`` with the server's code, texts and violations;
    - an outage arrives as ``Unreachable`` only after the budget: the outcome is unknown,
      and asking again with the same key is always safe;
    - a client wastes a bounded number of tries on a cell that is down (``retry.py``);
    - only look-ups are asked of two members at a time, never an act.

May touch  its server.  May not  touch any other machine, or read a clock on the wall.

Start reading at ``client.py``, then ``talk.py``: the whole policy, without a socket.
"""
