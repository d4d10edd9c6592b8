"""A workforce system of our own: so many visits per area, day and half-day."""
