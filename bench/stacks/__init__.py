"""What we compare ourselves with.

    naive.py      FastAPI, pydantic, SQLAlchemy: one transaction of several round trips an invoice
    good.py       FastAPI, pydantic, asyncpg: one function of the database an invoice
    bare_path.py  the least that our own design needs: group commit with nothing around it
    copying.py    no HTTP at all: binary COPY of the same rows, the ceiling

All four are written as well as we could within what their name says; none does the law, the
identity of callers, the log or the receipts of the product, so each is flattered by that.
"""
