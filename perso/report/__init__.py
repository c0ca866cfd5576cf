"""Numbers to text, tables, figures and pages."""
