"""Fiscal: what an invoice is, and what may be done with one.

Numbers, parties, lines, whole fen, red letters, confirmations, credit lines, tax months:
the nouns of the trade and the arithmetic that is true in every year.  What a year's law
says (which rates, which limits) is data in ``regimes``.

We promise  exact arithmetic: no float, no ``Decimal`` context, halves away from zero.
May touch   nothing: no clock, no socket, no random number.

Start reading at ``draft.py`` (what is asked), then ``invoice.py`` (what was issued).
"""
