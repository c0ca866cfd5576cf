"""The two errors that a user meets: InputError (exit code 2) and RunError (exit code 1)."""


class InputError(ValueError):
    """Bad input. The message is one line: the key or file, what is wrong, what would be right."""

    def __init__(self, message: str):
        super().__init__(printable(message))


class RunError(RuntimeError):
    """A run that failed. The message is one line, or what the tool that failed printed."""


def printable(text: str) -> str:
    r"""The text with an escape, such as \n, for each character that ends a line or does not show.

    Names of files, settings and people may hold any.
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
