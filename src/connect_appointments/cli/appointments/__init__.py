"""`appointments`: list, show, cancel, retry appointments, and record news of them."""
