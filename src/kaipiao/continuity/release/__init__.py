"""Releases (发布, 回退): a new program beside the old one, forward and back, under load.

A *program* is the Python of an environment that has kaipiao in it; each release has an
environment of its own, so that the old one is still there when it is needed.

    apply      pre migrations, a trial, then process by process the new for the old
    rollback   the same way back, at any moment before ``finish``
    finish     post migrations: from then on the old program is no choice any more

We promise
    - ``DIR/release.json`` says which program is current; it is replaced whole, after every process
      was swapped.  If we crash before that, the old one runs;
    - what does not fit is refused before anything is touched, with every reason;
    - old and new make every leaf of the log again from the invoices, and their roots are the signed
      one; else the release is not applied.

    - a cluster takes it member by member, and a walk that is cut off anywhere can go on or go back.

We do not promise  to undo post migrations, nor to carry a release's files to other machines.

May touch  ``DIR/release.json``; runs other programs.  The supervisor (``app/releasing.py``) acts.

Start reading at ``current.py`` (what is current, and what may be next), then ``program.py``; of a
cluster, ``stand.py`` (who may have a turn), then ``walk.py``.
"""
