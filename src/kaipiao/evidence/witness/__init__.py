"""Witness (见证): somebody else who remembers what a log has said.

Whoever runs it watches logs that are not his.  For each he keeps the largest tree he has seen,
and puts his cosignature under a larger one only with a proof that it grew out of that.  A log
that rewrites its history must then find as many witnesses to lie with it as its readers ask for.

We promise
    - never two cosignatures on trees of which one is not the beginning of the other;
    - what we cosigned is durable before the cosignature leaves (``memory.py``);
    - a fork signed by the log's genuine key is refused, and both signed checkpoints are kept;
    - a witness that lost its memory does not start again under its old key (``identity.py``).

We do not promise
    - that a log is complete or true, only that it has not been taken back;
    - to watch a log by ourselves: the log, or anyone, brings us its checkpoints.

May touch  its own folder: key, memory, list of logs, exhibits.
May not    open a connection to anyone.

Start reading at ``witness.py`` (the order of the checks is the specification's), then
``submission.py`` and ``memory.py``.  The protocol is C2SP tlog-witness.
"""
