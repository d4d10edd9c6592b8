"""What a batch decides: pure functions of locked rows, in which each command sees what those before it decided."""
