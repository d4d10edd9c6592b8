"""A workforce system of our own: a number of visits per area, day and half-day."""
