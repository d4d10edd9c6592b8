"""The documentation pages for browsers."""
