"""How does a video carry content credentials (C2PA)? A claim of what it is made of, signed over every byte of it, in its header."""
