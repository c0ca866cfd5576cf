"""Tables: Parquet with images and writers; CSV and Parquet of time series."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.typing import SeriesGroupBy

from perso.data.found import Found, as_name, shaped, shown
from perso.data.pictures import decoded
from perso.data.sizes import counted
from perso.errors import InputError
from perso.files import visible

BLOCK = 4  # neighbouring windows of one item, which no split parts
NEAR = (0.55, 1.5)  # times the usual step: no step of half of it, and none over a missing row
IRREGULAR = 0.1  # share of steps in time that may not be near the usual one
MANY = 50  # steps of a recording that has a rate of its own; those of shorter ones are pooled
ONE_RATE = 1.1  # largest ratio of two rates that count as one
NO_NUMBER = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"]  # in a CSV file
MOSTLY_NUMBERS = 0.9  # share of a column's cells that are numbers where the others are mistakes
NUMBER_OF_THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?"
NUMBER_WITH_COMMA = r"[-+]?(\d*,)?\d+([eE][-+]?\d+)?"
# names of columns in lower case, the first that is there is taken
PERSONS = (
    *("person", "who", "writer", "writer_id", "user", "user_id", "subject", "subject_id"),
    *("participant", "participant_id", "patient", "patient_id", "client", "client_id"),
)
CLASSES = ("class", "label", "character", "activity", "target", "digit", "y")
TIMES = ("time", "timestamp", "datetime", "seconds", "t")


@dataclass(frozen=True)
class Columns:
    """Names of a table's columns and the length of windows; None: found by name, or not needed.

    InputError for a window that is not a whole number of 2 or more.
    """

    person: str | None = None
    label: str | None = None
    time: str | None = None
    channels: str | None = None  # several names with commas between them
    window: int | None = None  # rows of a sequence

    def __post_init__(self):
        if self.window is None or (isinstance(self.window, int | np.integer) and self.window >= 2):
            return
        raise InputError(f"window: {self.window!r} is not a whole number of 2 or more")


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet files of a folder and of its folder `data`; or the file itself."""
    if path.is_file():
        return [path]
    return sorted(visible(path, "*.parquet", "data/*.parquet"))


def read_parquet(path: Path, columns: Columns) -> Found:
    """Return the images or windows of one Parquet file, or of all those of a folder.

    InputError where a column is missing, and for a damaged file.
    """
    from pyarrow import ArrowException, concat_tables, parquet

    tables = []
    for file in parquet_files(path):
        try:
            tables.append(parquet.read_table(file, partitioning=None))
        except (ArrowException, OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{file}: truncated, damaged or not Parquet ({reason})") from error
    try:
        table = concat_tables(tables)
    except ArrowException as error:
        raise InputError(f"{path}: its files have different columns") from error
    return from_frame(table.to_pandas(ignore_metadata=True), str(path), columns)


def read_csv(path: Path, columns: Columns) -> Found:
    """Return the windows of a CSV file, whose separator is a comma, a semicolon or a tab.

    The text NA is no class, as R and pandas write it, but it may be a person.
    InputError where a column is missing, and for a file that is no table.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(",;\t", key=header.count)
        form = {"sep": separator, "encoding": "utf-8-sig", "low_memory": False}
        names = list(pd.read_csv(path, nrows=0, **form).columns)
        label = columns.label or _first(names, CLASSES)
        person = columns.person or _first(names, PERSONS)
        # as text: pandas would take somebody called NA for nobody, and 007 for 7
        texts = {name: str for name in (person, label) if name in names}
        missing = {name: NO_NUMBER for name in names if name not in texts}
        frame = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=missing, **form)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8; save it as UTF-8") from error
    except ValueError as error:  # pandas' errors of parsing
        raise InputError(f"{path}: is no table with commas ({error})") from error
    without = 0
    if label in names:
        is_missing = frame[label].str.strip() == "NA"
        frame[label] = frame[label].mask(is_missing)
        without = int(is_missing.sum())
    found = from_frame(frame, str(path), columns)
    if without:
        note = f"{label!r} is NA, which is no class, in {counted(without, 'row')}"
        found.notes.insert(1, f"{note}; call it otherwise if it is one")
    return found


def from_frame(frame: pd.DataFrame, where: str, columns: Columns) -> Found:
    """Return the samples of a table with a row per image, or per step of a time series.

    A column of images holds their files' bytes, {"bytes": …} or lists of pixels.
    InputError where a column is missing, and for a table that is neither.

    where   file or argument, for the message
    """
    frame = frame.rename(columns=str).reset_index(drop=True)
    if frame.empty:
        raise InputError(f"{where}: has no rows")
    if not frame.columns.is_unique:
        name = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"{where}: two columns are called {name!r}; rename one")
    person = _column(frame, columns.person, PERSONS, "person", where)
    label = _column(frame, columns.label, CLASSES, "class", where)
    if person == label:
        raise InputError(f"{where}: column {person!r} cannot be both person and class")
    others = [name for name in frame.columns if name not in (person, label)]
    images = [name for name in others if _holds_images(frame[name])]
    if len(images) > 1:
        raise InputError(f"{where}: columns {', '.join(images)} hold images; leave in one of them")
    taken = f"column {person!r} is the person, {label!r} the class"
    if images:
        for option, value in (("time", columns.time), ("window", columns.window)):
            if value is not None:
                raise InputError(f"--{option}: {where} has images in {images[0]!r}, no time series")
        found = _images(frame, images[0], person, label, where)
        found.notes.insert(0, taken)
        return found
    found = _windows(frame, others, person, label, columns, where)
    found.notes.insert(0, taken)
    return found


def _first(names: list[str], possible: tuple[str, ...]) -> str | None:
    """Return the name that comes first among the possible ones; None where there is none."""
    by_lower = {name.lower(): name for name in reversed(names)}
    return next((by_lower[name] for name in possible if name in by_lower), None)


def _column(
    frame: pd.DataFrame, given: str | None, possible: tuple[str, ...], what: str, where: str
) -> str:
    """Return the name of a column: the given one, or one with a usual name."""
    names = list(frame.columns)
    name = given or _first(names, possible)
    if name is None:
        there = ", ".join(names)
        raise InputError(
            f"{where}: which column is the {what}? Say --{what} NAME; there are {there}"
        )
    if name not in names:
        there = ", ".join(names)
        raise InputError(f"--{what} {name}: {where} has no such column; there are {there}")
    return name


def _holds_images(column: pd.Series) -> bool:
    """Whether the first value of a column is an image: bytes, {"bytes": …} or a list of pixels."""
    if column.dtype != object:
        return False
    first = next((value for value in column if not _is_null(value)), None)
    return isinstance(first, bytes | list | np.ndarray) or (
        isinstance(first, dict) and "bytes" in first
    )


def _is_null(value: object) -> bool:
    """Whether a cell of images is empty."""
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _images(frame: pd.DataFrame, column: str, person: str, label: str, where: str) -> Found:
    """Return the images of a column. Rows without one are left out, with a note."""
    values = frame[column].tolist()
    files = [value["bytes"] if isinstance(value, dict) else value for value in values]
    is_there = np.array([not _is_null(file) for file in files])
    if not is_there.any():
        raise InputError(f"{where}: {column!r} holds paths of images; needed are their bytes")
    rows = np.flatnonzero(is_there)
    files = [files[row] for row in rows]
    notes = []
    if without := len(values) - len(rows):
        first = _rows(np.flatnonzero(~is_there))[0]
        notes.append(f"{counted(without, 'row')} without an image left out: {first} is the first")
    if isinstance(files[0], list | np.ndarray):
        try:
            pixels = np.array([_plain(file) for file in files])
        except ValueError as error:
            raise InputError(f"{where}: {column!r} holds images of several sizes") from error
        found = shaped(pixels, f"{where}: {column!r}")
    else:
        images, read, done = decoded(files, where, _rows(rows))
        rows = rows[read]
        found = Found("images", images, rows, rows, notes=done)
    found.labels = frame[label].to_numpy(object)[rows]
    found.who = frame[person].to_numpy(object)[rows]
    found.places = _rows(rows)
    found.notes = notes + found.notes
    return found


def _rows(numbers: np.ndarray) -> np.ndarray:
    """Return the names of rows, which count from 1 below the header.

    numbers   int [N], from 0
    """
    return np.array([f"row {number + 1}" for number in numbers], object)


def _plain(value: object) -> object:
    """Return arrays of arrays as lists of lists."""
    return [_plain(each) for each in value] if isinstance(value, list | np.ndarray) else value


def _windows(
    frame: pd.DataFrame, others: list[str], person: str, label: str, columns: Columns, where: str
) -> Found:
    """Return windows of a time series, one after the other, without overlap.

    A stretch of rows ends where the person or the class changes, where time goes back, and at a
    gap. A rest shorter than a window is left out. BLOCK neighbouring windows are one item.

    others   the columns beside person and class
    """
    time = _column(frame, columns.time, TIMES, "time", where)
    others = [name for name in others if name != time]
    if columns.window is None:
        raise InputError(f"{where}: is a time series; say --window STEPS, the rows of a sample")
    values = pd.to_numeric(frame[label], errors="coerce").to_numpy(float)
    if (values % 1 > 0).any():
        raise InputError(
            f"{where}: {label!r} has numbers with fractions, which are no classes; say --class NAME"
        )
    nobody = frame[person].isna() | (frame[person].astype(str).str.strip() == "")
    if nobody.any():
        rows = counted(int(nobody.sum()), "row")
        cure = "leave these rows out or give them an id"
        raise InputError(f"{where}: {person!r} is missing in {rows}; {cure}")
    frame[time] = _as_numbers(frame[time], f"{where}: {time!r}", "write numbers there")
    given = None
    if columns.channels is not None:
        given = [name.strip() for name in columns.channels.split(",")]
    for name in others:
        if given is None or name in given:
            cure = "write numbers or nothing there, or name --channels without it"
            frame[name] = _as_numbers(frame[name], f"{where}: {name!r}", cure)
    # a person's rows keep their order in the file
    who = _codes(frame[person], f"{where}: {person!r}")
    order = np.argsort(who, kind="stable")
    frame = frame.iloc[order]
    seconds = _seconds(frame[time], f"{where}: {time!r}")
    who = who[order]
    classes = _codes(frame[label], f"{where}: {label!r}")
    goes_on = (np.diff(who) == 0) & (np.diff(classes) == 0)
    steps = np.diff(seconds)
    if not (goes_on & (steps > 0)).any():
        raise InputError(
            f"{where}: {time!r} never goes on within a person ({person!r}) and class ({label!r}); "
            "name other columns by --person, --class and --time"
        )
    usual, regular = _regular(steps, goes_on, frame[person], f"{where}: {time!r}")
    starts = np.r_[True, ~regular]
    stretch = np.cumsum(starts) - 1
    notes = [
        f"steps of {usual:.4g} in {time!r}; {counted(stretch[-1] + 1, 'stretch', 'stretches')}"
    ]

    names = _channels(frame, others, given, stretch, notes, where)
    length = np.bincount(stretch)
    begin = np.flatnonzero(starts)
    place = np.arange(len(frame)) - begin[stretch]
    used = place < (length // columns.window * columns.window)[stretch]
    if not used.any():
        longest = f"the longest stretch has {length.max()} rows"
        raise InputError(f"{where}: no window of {columns.window} rows; {longest}")
    if not used.all():
        notes.append(f"{counted(int((~used).sum()), 'row')} at the ends of stretches left out")
    values = frame.loc[used, names].to_numpy("float32")
    sequences = values.reshape(-1, columns.window, len(names))
    first = np.flatnonzero(used)[:: columns.window]
    blocks = np.stack([stretch[first], place[first] // (BLOCK * columns.window)])
    item = np.unique(blocks, axis=1, return_inverse=True)[1].ravel()
    notes.append(
        f"windows of {columns.window} rows, each a sample; {BLOCK} neighbours are one item"
    )
    found = Found(
        "sequences",
        sequences,
        frame[label].to_numpy(object)[first],
        frame[person].to_numpy(object)[first],
        item,
        notes=notes,
        places=_rows(order[first]),
    )
    whole = np.isfinite(sequences).all(axis=(1, 2))
    if not whole.any():
        raise InputError(f"{where}: every window has a missing value; name --channels without any")
    if not whole.all():
        notes.append(f"{counted(int((~whole).sum()), 'window')} with missing values left out")
    found.keep(whole)
    return found


def _codes(column: pd.Series, where: str) -> np.ndarray:
    """Return ids or classes as numbers from 0, those of one text as one; -1 where they are missing.

    int [N]. InputError for lists and the like, which cannot be compared.
    """
    try:
        codes, values = pd.factorize(column)
    except TypeError as error:
        raise InputError(f"{where}: needed are numbers or text ({error})") from error
    of_text, _ = pd.factorize(np.array([as_name(value) for value in values], object))
    return np.append(of_text, -1)[codes]


def _regular(
    steps: np.ndarray, goes_on: np.ndarray, people: pd.Series, where: str
) -> tuple[float, np.ndarray]:
    """Return the usual step in time, and which steps are near it, bool [N - 1].

    InputError where more than a few are not, and where recordings have several rates.

    steps     float [N - 1]
    goes_on   bool [N - 1]: steps within a person and class; at least one of them is forward
    people    [N], with the numbers of rows in the file as its index
    where     file and column, for the message
    """
    forward = goes_on & (steps > 0)
    usual = np.quantile(steps[forward], 0.5, method="lower")  # a step that is there
    recording = _recordings(goes_on, forward, people)
    has_rate = recording >= 0
    medians = _by(recording, steps, forward & has_rate).quantile(0.5, interpolation="lower")
    regular = goes_on & _near(steps, medians.reindex(recording, fill_value=usual).to_numpy())
    irregular = int((goes_on & ~regular).sum())
    if irregular > IRREGULAR * goes_on.sum():
        share = f"{irregular:,} of {int(goes_on.sum()):,} steps are not {usual:.4g}"
        needed = "needed are rows in order of time, at one rate, of one recording after the other"
        raise InputError(f"{where}: {share}; {needed}")
    # means, since the median of times that are rounded to milliseconds is rounded itself
    rates = _by(recording, steps, regular & has_rate).mean()
    if rates.max() > ONE_RATE * rates.min():
        described = []
        for each in (rates.idxmin(), rates.idxmax()):
            row = np.argmax(regular & (recording == each))
            place = f"person {shown(people.iloc[row])} from row {people.index[row] + 1} on"
            described.append(f"{rates[each]:.4g} for {place}")
        raise InputError(f"{where} has steps of {' and of '.join(described)}; resample to one rate")
    return usual, regular


def _recordings(goes_on: np.ndarray, forward: np.ndarray, people: pd.Series) -> np.ndarray:
    """Return the recording of each step, int [N - 1]: steps of one person and class in a row.

    Those with fewer than MANY steps forward have no rate that can be measured: a person's are taken
    as one, and are -1 where these are few as well.
    """
    recording = np.cumsum(~goes_on)
    of_person = recording.max() + 1 + pd.factorize(people)[0][:-1]
    for wider in (of_person, -1):
        few = np.bincount(recording, forward)[recording] < MANY
        recording = np.where(few, wider, recording)
    return recording


def _near(steps: np.ndarray, usual: np.ndarray | float) -> np.ndarray:
    """Whether steps are near the usual one, bool [N]."""
    return (steps > NEAR[0] * usual) & (steps < NEAR[1] * usual)


def _by(group: np.ndarray, values: np.ndarray, chosen: np.ndarray) -> SeriesGroupBy:
    """Return the chosen values by group; all [N]."""
    return pd.Series(values[chosen]).groupby(group[chosen])


def _seconds(column: pd.Series, where: str) -> np.ndarray:
    """Return times as float64 [N]: numbers as they are, dates in seconds."""
    if column.isna().any():
        raise InputError(f"{where} is missing in {counted(int(column.isna().sum()), 'row')}")
    if column.dtype.kind in "iuf":
        return column.to_numpy("float64")
    values = column if column.dtype.kind == "M" else column.astype(str)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas says how it guesses the form of dates
        # the first form that fits all: ISO 8601 with and without fractions, pandas' guess by the
        # first row, the same with the day first
        for form in ({"format": "ISO8601"}, {}, {"dayfirst": True}):
            dates = pd.to_datetime(values, utc=True, errors="coerce", **form)
            if not dates.isna().any():
                break
    if dates.isna().any():
        wrong = values[dates.isna()].sort_index()
        needed = "needed are numbers or dates such as 2026-01-31 12:00:00.5"
        raise InputError(f"{where} holds {wrong.iloc[0]!r} in row {wrong.index[0] + 1}; {needed}")
    return (dates - dates.min()).dt.total_seconds().to_numpy()


def _channels(
    frame: pd.DataFrame,
    others: list[str],
    given: list[str] | None,
    stretch: np.ndarray,
    notes: list[str],
    where: str,
) -> list[str]:
    """Return the names of the channels: the given ones, or all columns of numbers that vary.

    A column that is constant within every stretch would tell the person or the class, such as an
    age or the number of a recording; a second time or row numbers would tell the place in the file.
    """
    numeric = [name for name in others if frame[name].dtype.kind in "iuf"]
    if given is not None:
        for name in given:
            if name not in numeric:
                there = ", ".join(numeric) or "none"
                raise InputError(f"--channels {name}: no column of numbers; there are {there}")
            if given.count(name) > 1:
                raise InputError(f"--channels {name}: is named twice; name each channel once")
        return given
    same_stretch = np.diff(stretch) == 0
    varying = []
    constant = []
    clocks = []
    rising = []
    for name in numeric:
        with np.errstate(invalid="ignore"):  # infinite values one after the other
            change = np.diff(frame[name].to_numpy("float64"))[same_stretch]
        if not np.any(change != 0):
            constant.append(name)
        elif name.lower() in TIMES or _is_clock(change, stretch[1:][same_stretch]):
            clocks.append(name)
        else:
            varying.append(name)
            if np.any(change > 0) and not np.any(change < 0):
                rising.append(name)
    if not varying:
        raise InputError(f"{where}: no column of numbers is left for channels; name --channels")
    notes.append(f"channels: {', '.join(varying)}")
    if rising:
        cure = "name --channels without any that is a time or a counter"
        notes.append(f"channels that never fall within a stretch: {', '.join(rising)}; {cure}")
    if constant:
        notes.append(f"no channels, since constant: {', '.join(constant)}")
    if clocks:
        notes.append(f"no channels, since times or row numbers: {', '.join(clocks)}")
    if rest := [name for name in others if name not in numeric]:
        notes.append(f"no channels, since no numbers: {', '.join(rest)}")
    return varying


def _is_clock(change: np.ndarray, stretch: np.ndarray) -> bool:
    """Whether a column rises by nearly constant steps, as a time or the number of a frame does.

    A sensor that drifts has noise, or other steps in other stretches. An angle falls at each turn.

    change    float [n]: from each row to the next of its stretch
    stretch   int [n]
    """
    is_number = ~np.isnan(change)
    if not is_number.any():
        return False
    usual = np.median(change[is_number])
    is_steady = _near(change[is_number], usual).mean() >= 1 - IRREGULAR
    falls = len(np.unique(stretch[change < 0]))
    return usual > 0 and is_steady and falls <= IRREGULAR * len(np.unique(stretch))


def _as_numbers(column: pd.Series, where: str, cure: str) -> pd.Series:
    """Return a column of text as numbers where all its cells are; else the column as it is.

    InputError where nearly all are: it names the first that is none.

    column   [N], with the numbers of rows in the file as its index
    where    file and column, for the message
    cure     what to do about such cells
    """
    cells = column.dropna().sort_index()
    if cells.dtype.kind in "biufmM" or not len(cells):
        return column
    cells = cells.astype(str)
    with_comma = cells[cells.str.contains(",")]
    if len(with_comma) and cells.str.fullmatch(NUMBER_WITH_COMMA).all():
        example = with_comma.iloc[0]
        raise InputError(f"{where} has numbers with commas, such as {example}; needed are points")
    numbers = pd.to_numeric(cells, errors="coerce")
    is_number = numbers.notna()
    if is_number.all():
        return numbers.reindex(column.index)
    is_meant = is_number | cells.str.fullmatch(NUMBER_OF_THOUSANDS)
    if is_meant.mean() < MOSTLY_NUMBERS:
        return column
    wrong = cells[~is_number]
    number = f"no number in {len(wrong):,} of {counted(len(cells), 'cell')}"
    first = f"the first is {wrong.iloc[0]!r} in row {wrong.index[0] + 1}"
    raise InputError(f"{where}: {number}, {first}; {cure}")
