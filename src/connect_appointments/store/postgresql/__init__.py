"""What is special about PostgreSQL."""
