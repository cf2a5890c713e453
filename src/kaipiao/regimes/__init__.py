"""Regimes: the law, as dated data and rules.  One folder for each country.

Changing a rate, a limit or a window means adding a row with its first day and its source;
no code changes, and yesterday's invoices are still judged by yesterday's law.
"""
