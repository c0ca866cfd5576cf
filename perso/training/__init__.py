"""Networks and the engine that trains them; nothing here knows a person or a method."""
