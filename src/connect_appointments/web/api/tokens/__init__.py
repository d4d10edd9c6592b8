"""Access tokens: which are accepted, with which keys they are verified, and whom they speak for."""
