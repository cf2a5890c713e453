"""Sheets (表格): invoices to issue, as people keep them; and lists of what was issued.

Start reading at ``layout.py`` (which columns there are), then ``read.py`` (rows to drafts).
"""
