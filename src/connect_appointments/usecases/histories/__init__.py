"""Histories for the operator."""
