"""Import files: from bytes to checked values, or to a list of problems."""
