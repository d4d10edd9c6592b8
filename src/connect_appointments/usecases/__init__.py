"""What an owner or an operator may do."""
