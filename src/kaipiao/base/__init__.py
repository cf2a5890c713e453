"""Base: exact small things that any program could use.

Canonical bytes, durable files, JSON pointers; XML, zip and DER from strangers, read safely.
Nothing here has heard of an invoice.

May touch  bytes, and files it is handed.
May not    import any other room, or read a clock.
"""
