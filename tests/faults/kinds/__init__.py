"""The kinds of faults, one file a family."""
