"""Config: TOML in, frozen models out, every mistake told at once."""
