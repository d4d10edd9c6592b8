"""Attacks that are measured rather than asserted: a test that asserts a time fails for other reasons."""
