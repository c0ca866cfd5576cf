"""perso: what happens to a deep network when it is made personal.

A map of the package. A folder imports only from those above it, and so does a file within a folder.

    errors      the two errors that a user meets
    files       files that are written whole or not at all
    markup      names of the user's in Markdown
    own_code    a file of the user's own, where a setting names one
    seeds       names → seeds and generators; facts → hashes
    paths       where the store, the data sets and results/ are
    parts       D_I and D_G
    methods     a method is data: where it starts, what its phases draw and train, what it keeps
    stats       statistics over people, as functions of arrays
    training    networks, and the engine that trains many of them at a time
    settings    every setting, its default, its place in the papers
    data        people and their samples: sources, cohorts, splits
    store       rows of trained models: a local SQLite file, published Parquet files
    study       settings → missing models → rows
    analysis    rows → numbers
    claims      the papers' claims as data, the tests that decide them, their verdicts
    report      numbers → text, HTML, figures, the book, the README
    commands    what each command does
    cli         the command line

Two decisions that need a reason. A file in `params/` states every key that chapters declare, also
where it is the default: a chapter that is run with `-f` must never mix two sizes. A training
process has one thread, and there are as many processes as cores: this is as fast as one process of
many threads, and the numbers do not depend on the number of cores.
"""

__version__ = "0.1.0"
