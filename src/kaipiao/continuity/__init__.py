"""Continuity: what keeps a cell issuing when machines, disks, people and releases fail it.

    cluster/    one description, three members: Patroni, the checked route, status in words, acts
    lab/        the same members on one machine, in network namespaces of their own
    drill/      breaks a lab on purpose, under load, and holds every promise against what survived
    backup/     base backups, streamed WAL, restores that are proved against a witnessed checkpoint
    release/    new beside old, forward and back
    shadow/     two versions asked the same, answers compared
    recovery/   break, isolate, rebuild (熔断, 隔离, 重构) for the faults we know

We promise  that distributed work is done by engines that exist: PostgreSQL replicates, Patroni
elects, etcd or its raft remembers, Envoy routes.  We write their settings, watch them and say in
words what they did.

We do not promise  to know better than they: an act that is not safe is refused, with the reason.

Nothing here stands in the issuing path.  Start reading at ``cluster/description.py``.
"""
