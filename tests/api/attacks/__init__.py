"""Attacks on the access token: one table of them all."""
