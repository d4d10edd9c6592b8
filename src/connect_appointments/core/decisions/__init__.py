"""The decisions of a batch: pure functions of locked rows, in which each command sees the earlier decisions."""
