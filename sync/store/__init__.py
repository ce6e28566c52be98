"""Everything that is kept between runs: the mirror, what tabs show, run history, leases and request budgets."""
