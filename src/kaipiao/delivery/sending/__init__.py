"""Sending (递送): invoices and news of them reach people and programs, after the fact.

We promise
    - what an order asks for is sent at least once, and tried for days, before a person is asked;
    - two workers never send one thing at the same time, and a dead worker's is taken over;
    - a repeat can be recognised: the same ``webhook-id``, the same ``Message-ID``;
    - one bad endpoint delays nobody else, and issuing waits for none of this;
    - no address inside the operator's network is ever called, unless the operator names it.

We do not promise
    - that nothing arrives twice: a worker that dies between the sending and its note about it
      leaves a delivery of which nobody knows, and it is sent again;
    - an order: what happened later may arrive first.

May touch  the deliveries in the ledger (by its port), mail relays, the endpoints of users.
May not    issue, or change an invoice.

Start reading at ``courier.py`` (the loop), then ``events.py`` (who is told of what).
"""
