"""The two errors that a user meets: InputError (exit code 2) and RunError (exit code 1)."""


class InputError(ValueError):
    """Bad input. The message is one line: the key or file, what is wrong, what would be right."""


class RunError(RuntimeError):
    """A run that failed. The message is one line, or what the tool that failed printed."""
