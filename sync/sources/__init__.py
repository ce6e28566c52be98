"""Sources: one folder a vendor, all of the same shape, found through the registry."""
