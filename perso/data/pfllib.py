"""PFLlib's folders: a file per client, train/N.npz and test/N.npz."""

from pathlib import Path

import numpy as np

from perso.data.found import Found, concatenated, shaped
from perso.errors import InputError
from perso.files import visible

# one line that makes plain arrays of pickled ones; reading a pickle can run any code
RESAVE = (
    "d = np.load(f, allow_pickle=True)['data'].item(); "
    "np.savez(f, x=np.asarray(d['x']), y=np.asarray(d['y']))"
)


def client_files(path: Path) -> list[Path]:
    """Return the files of all clients, training before test data."""
    files = visible(path, "train/*.npz", "test/*.npz")
    return sorted(files, key=lambda file: (file.parent.name != "train", file.stem.zfill(9)))


def read_pfllib(path: Path) -> Found:
    """Return the samples of all clients, training and test data; a client is a person.

    InputError for pickled data, with how to make plain arrays of them, and for other content.
    """
    samples = []
    labels = []
    who = []
    for file in client_files(path):
        try:
            with open(file, "rb") as opened, np.load(opened, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror or error})") from error
        except Exception as error:  # damaged files raise errors of many kinds
            if "Object arrays" in str(error):
                raise InputError(
                    f"{file}: is a pickle, which can run any code and is not read; where you trust "
                    f"these files, write each f again: {RESAVE}"
                ) from error
            raise InputError(f"{file}: truncated, damaged or not an npz file") from error
        if "x" not in arrays or "y" not in arrays:
            raise InputError(f"{file}: has {', '.join(arrays) or 'nothing'}; needed are x and y")
        if np.ndim(arrays["x"]) == 0 or np.shape(arrays["y"]) != np.shape(arrays["x"])[:1]:
            shapes = f"x has shape {np.shape(arrays['x'])}, y {np.shape(arrays['y'])}"
            raise InputError(f"{file}: {shapes}; needed is one class per sample")
        if not len(arrays["x"]):
            continue
        samples.append(arrays["x"])
        labels.append(arrays["y"])
        who += [file.stem] * len(arrays["y"])
    if not samples:
        raise InputError(f"{path}: no client has a sample")
    found = shaped(concatenated(samples, str(path)), str(path))
    found.labels = np.concatenate(labels)
    found.who = np.array(who, object)
    return found
