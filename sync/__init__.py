"""Callsheet keeps Google Sheets up to date with call-centre data."""
