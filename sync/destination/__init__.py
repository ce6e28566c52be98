"""The place written to: Google Sheets, observed, compared and written with care."""
