"""The end of stored data: contacts are erased."""
