"""Mirrored records to what a tab shows: rows of typed cells, and summaries. Pure: no clock, no I/O."""
