"""The page on which people watch the spreadsheets change."""
