"""InputError (exit 2), RunError (exit 1)."""


class InputError(ValueError):
    """Bad input, told in one line that names the key or file and what would be right (exit code 2)."""


class RunError(RuntimeError):
    """A run that failed, told in a line or with the failing tool's own words (exit code 1)."""
