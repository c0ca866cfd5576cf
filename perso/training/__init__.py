"""Networks and the engine that trains them; never hears of a person or a method."""
