"""Rows of trained models, written whole or not at all."""
