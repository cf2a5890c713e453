"""CLI: the command line, one file a command.

The help text is the manual, exit codes are part of it (``exits.py``), and every error says
what to type next.  Only the module of the command that was asked for is imported.

We promise
    - ``--json`` output, exit codes and the per-line results files are stable for scripts;
    - Ctrl-C at any moment leaves nothing that a second run does not put right;
    - a secret is read from a file or the environment, never from the arguments.

May touch  the terminal, files it is given, a cell through ``client``, processes through ``app``.

Start reading at ``main.py``.
"""
