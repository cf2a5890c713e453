"""App: puts the rooms together and keeps them running.

``kaipiao up`` is one supervisor process.  It owns the data folder, the database and the
listening socket, and starts two kinds of child: ``serve`` answers HTTP, ``work`` writes the
evidence log and keeps the clocks (lapsing forms, opening a month's credit lines).

We promise
    - whatever dies is started again; meanwhile callers are told 503 and when to come back;
    - a child never outlives its supervisor, however that ended;
    - a stop lets requests under way finish, publishes the last checkpoint, and takes < 5 s.

May touch  the environment, the clock, processes, the data folder.  Everything may be imported.

Start reading at ``wiring.py`` (who is made of what), then ``supervise.py``.
"""
