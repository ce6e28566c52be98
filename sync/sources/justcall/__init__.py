"""The JustCall source: options and payloads, requests, declared streams. Facts and choices: README.md beside."""
