"""``./run bench evidence``: what proving costs, on a real disk, with all three signatures.

``logs``      leaves made durable, audits, and the log that the rest is measured on
``receipts``  made, one by one and in crowds, and verified offline
``witness``   checkpoints cosigned one after another
``run``       measures, tells, writes down
"""
