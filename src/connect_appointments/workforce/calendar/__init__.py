"""The built-in workforce system: a number of visits per area, day and half-day."""
