"""Faults: recorded load from many callers, and the proof that what they saw is one of the lifecycle's histories."""
