"""The HTTP server: connections, processes, and graceful shutdown."""
