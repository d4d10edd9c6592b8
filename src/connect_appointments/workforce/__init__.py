"""Who has the technicians."""
