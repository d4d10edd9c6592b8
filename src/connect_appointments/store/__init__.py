"""What is kept, and how: the only package that speaks SQL."""
