"""`appointments`: list, show, cancel appointments, and record news of them."""
