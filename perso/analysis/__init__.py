"""Rows → numbers, never text."""
