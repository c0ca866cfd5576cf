"""Statistics over people, as pure functions of arrays."""
