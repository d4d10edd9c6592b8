"""The sandbox for a provider's laptop: sample data and a built-in token issuer. Never imported by `serve`."""
