"""Callsheet keeps Google Sheets up to date with call-centre data."""

import os

# What polars' allocator frees goes back at once: left alone, it keeps what the largest summary ever took. Read when
# polars is loaded (jemalloc, TUNING.md); 20 ms cost no time that could be measured.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:20,muzzy_decay_ms:0")
