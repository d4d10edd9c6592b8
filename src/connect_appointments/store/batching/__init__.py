"""Calls that go to the database together."""
