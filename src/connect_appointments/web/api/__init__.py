"""From bytes to a use case and back."""
