"""The documentation pages that people read in a browser."""
