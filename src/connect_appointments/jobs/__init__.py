"""Background work: the jobs and the worker."""
