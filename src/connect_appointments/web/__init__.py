"""What answers HTTP: the server, the API, the pages."""
