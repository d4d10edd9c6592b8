"""What the operator does with the work of the service."""
