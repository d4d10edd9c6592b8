"""Changes of booked appointments."""
