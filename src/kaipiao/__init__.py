"""Kaipiao (开票): an electronic-invoice platform that keeps issuing."""
