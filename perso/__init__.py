"""perso: what happens to a deep network when it is made personal."""

__version__ = "0.1.0"
