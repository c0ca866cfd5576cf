"""Numbers → text, HTML, pictures."""
