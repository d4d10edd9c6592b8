"""The HTTP side: the server, the API, the pages."""
