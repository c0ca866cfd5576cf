"""perso: what happens to a deep network when it is made personal.

The rooms in reading order; each imports only from those above it.

    settings    every knob, its place in the papers, names → seeds, the two errors a user meets,
                files that appear whole or not at all
    data        sources → one `Cohort` of images, classes and persons
    cohorts     who is an individual, who is D_G, what is trained and tested on: index arrays
    schedules   a method as a boolean array, and the index plan
    methods     every row of the study as one record
    grouping    data of others that is like an individual's: nearest samples (SG), nearest persons (IG)
    models      the VGG-style network and the auto-encoder, N of them side by side
    engine      N models from N plans
    choices     what settings leave open, chosen by size and machine: precision, models side by side, CUDA graphs
    prepare     settings and data → all that a training needs (no torch, so that looking at people is quick)
    store       one row per trained model
    work        one job: plans → engine → rows, in any process
    study       the composer: what is missing → jobs → store
    published   a study's rows as one open file that says where they come from (results/)
    metrics, stats, resampling, mixed, tables, plots    rows → what one reads; tests, intervals, variance components
    fairness    how unlike results are between people, and who is harmed
    likeness    what latent codes say about people
    gains       where it helps, and the trade-off
    cost        what a network of one's own takes
    speed       how long training takes, and how near that is to what the machine can do
    calibration    whether tests and intervals keep their word
    effects, evidence    one comparison by every test; all that claims are decided from at one scale
    outcomes, deciders, measures    what a test found and whether it speaks for a claim; the tests
    claims, ledger, wording    the papers' claims as data; their verdicts, and how they are told
    page, findings, register, book, readme, __main__    chapters, pages, README, command line

Two things that are not as one would first do them. A file in `params/` states every key that chapters declare, also
where it is the default: a chapter run with `-f` must never mix two sizes. A training process has one thread and there
are as many processes as cores: it is as fast as one process of many threads, and the numbers do not depend on the
number of cores.
"""

__version__ = "0.1.0"
