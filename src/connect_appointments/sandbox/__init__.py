"""A provider's laptop: sample data and a token issuer of its own. Never loaded by serve."""
