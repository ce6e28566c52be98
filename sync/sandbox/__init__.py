"""Stand-ins for Google and the vendors, speaking HTTP on this machine. Shares no code with the clients."""
