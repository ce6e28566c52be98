"""The sandbox Google: Sheets v4 with the parts of Drive v3 and the token endpoint that writers need."""
