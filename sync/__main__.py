"""Starts the command line: `python -m sync` is `callsheet`."""

from sync.cli import main

if __name__ == "__main__":
    main()
