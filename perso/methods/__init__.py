"""Methods as records, schedules as arrays, data grouping. NumPy only: no files, no torch."""

from perso.methods.method import Method
from perso.methods.registry import TABLES, named

__all__ = ["TABLES", "Method", "named"]
