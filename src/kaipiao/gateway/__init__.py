"""Gateway: HTTP, and nothing else.

Who is calling, what they may do, how much at once, what their bytes mean, and our failures
in words and status codes.  The two issuing calls are answered from the bytes; everything
else goes through Litestar, which also writes the OpenAPI document.

We promise
    - every error, whatever made it, is one RFC 9457 problem with a stable code, in Chinese
      and English, that says whether asking again helps;
    - bad input is told all that is wrong with it at once, and leaves no trace;
    - a caller who goes away does not stop what was accepted.

We do not promise  that a caller is heard: beyond the limits of ``limits.py`` we say no early.

May touch  the sockets that come in, the folder of the public log.  May not  know SQL or a rule.

Start reading at ``front.py`` (the way of a request), then ``issue.py`` and ``problems.py``.
"""
