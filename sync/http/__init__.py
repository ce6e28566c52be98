"""HTTP plumbing for vendors: one client with pace, retry and translated errors, and walks over pages."""
