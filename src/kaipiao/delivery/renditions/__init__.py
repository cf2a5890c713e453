"""Renditions (版式文件): what a buyer and an accountant hold in their hands.

Made when first asked for, from what the ledger holds; never in the issuing path.
"""
