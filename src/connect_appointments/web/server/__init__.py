"""Connections, processes, and how they stop."""
