"""Workforce systems: the systems that schedule technicians."""
