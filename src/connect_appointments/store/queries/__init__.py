"""The queries, one module a noun: each builds its statements once and runs them in a transaction."""
