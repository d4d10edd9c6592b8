"""The queries, one module per noun: statements are built once and run in a transaction."""
