"""Signing (签名): with which keys, under which origin, in which quarter.

Takes      the text of a checkpoint; keys from files or from a module behind ``sessions.Session``.
Gives      one signature line for each algorithm; a statement whenever the keys change.
Never      signs what was not agreed upon in the ledger (``writer``); lets a secret into a log
           line, an argument or a repr; signs with SM2 before its known answer came out right.
May touch  the cell's secrets.
"""
