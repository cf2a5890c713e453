"""Recovery: break, isolate, rebuild (熔断, 隔离, 重构), for the faults we know.

What is seen (``seen.py``) becomes findings (``find.py``), findings become courses of steps
(``plan.py``), and steps are performed one by one, each written down with its reason before it
is taken (``perform.py``).  Finding and planning are pure: they are the safety argument.

We promise
    - no plan takes away the primary, or the last standby that a commit may count on;
    - a slot that anybody reads, or that carries a feed to another cell, is never dropped;
    - what is not safe is not done: the reason is said, and the runbook that a person follows;
    - a dry run decides exactly as a real one, and does nothing.

What the engines below do by themselves (Patroni takes a broken standby out of the quorum, a
breaker keeps a dead vendor away) is said as a step, and not done a second time.

May touch  Patroni's REST, slots of the database, files that may be emptied at any time.
May not    delete data of which there is no other copy.
"""
