"""The papers' claims as data, and how they are tested."""
