"""Appointment-requests of a network operator: create, offer slots, book one or cancel."""
