"""What an operator imports: from the bytes of a file to checked values, or to every reason why not."""
