"""Judges that nobody here wrote: fuzzers, linters and scanners, and what each has to say. Run by `make judges`."""
