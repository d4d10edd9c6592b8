"""The HTTP API: from the bytes of a request to a use case, and back to a response."""
