"""Statistics over people: pure functions of arrays."""
