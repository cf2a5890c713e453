"""The lab: every member of a cell on one machine, each in a network namespace of its own.

The processes, the addresses, the ports and the failures are real; only the cable is not.  A
namespace for each member, one for the client (``c``), and one that holds the switch between them.

We promise
    - to touch nothing that this lab did not make: a namespace bears the lab's mark, and one
      without it is refused, never used and never removed;
    - to clean up what a killed maker left, on the next ``down``;
    - that each fault gives back its undo, and that ``down`` undoes those that nobody undid.

We do not promise  weather: a packet arrives at once or not at all.

May touch  network namespaces, processes inside them, file systems in files of ours.  Needs root
and iproute2.  Start reading at ``lab.py``.
"""
