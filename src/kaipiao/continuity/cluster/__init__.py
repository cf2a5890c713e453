"""One description, three members: what is written for each, what runs on each, how it looks.

    description.py   the file that says it all, read and checked
    places.py        where everything of a member lies
    secrets.py       made once, the same on every member
    patroni.py       PostgreSQL and who leads it; ``launcher.py`` starts it
    route.py         Envoy: the way to whoever leads now
    node.py          what runs on a member, kept alive
    units.py         the same as systemd units, for real hosts
    view.py          how it stands; ``acts.py`` what a person may do about it

Start reading at ``description.py``.
"""
