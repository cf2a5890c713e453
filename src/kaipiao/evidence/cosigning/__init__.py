"""Cosigning (见证收集): a cell shows its checkpoints to witnesses, and gathers their signatures.

We promise
    - nothing here stands in the way: not of issuing, not of our own checkpoint.  A witness that
      is dead, slow or lying costs a grade, and that only while too few others are left;
    - what stands in ``checkpoint.witnessed`` carries a quorum of cosignatures, each verified;
    - it never goes back to a smaller size;
    - before a log process signs its first tree it has asked the witnesses what they saw last
      (``first.py``): a cell restored to an older state finds out, and does not sign.

We do not promise
    - that every checkpoint is witnessed: rounds are seconds apart, checkpoints come faster.

May touch  the published log, ``checkpoint.witnessed`` and ``checkpoint.timestamped`` in it, its
           own memory of the witnesses; witnesses and a time-stamping authority over HTTP.
May not    sign anything but the empty tree, which says nothing.

Start reading at ``gather.py`` (a round), then ``caller.py`` (one witness, and its moods) and
``desk.py`` (one conversation, C2SP tlog-witness).  ``run.py`` is the loop.
"""
