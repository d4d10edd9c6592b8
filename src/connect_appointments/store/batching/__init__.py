"""Batching: concurrent calls share one database transaction."""
