"""The statements that lock rows: orders first, then appointment-requests, then appointments."""
