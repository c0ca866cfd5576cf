"""The papers' kinds of methods, and their controls: one function per kind makes a `Method`."""

from dataclasses import replace

from perso.methods.method import BASELINE, EPOCHS, Method, Phase

# {method and dose: row of v3's Table I}: v3's 40, 400, 10 and 300 iterations as shares of its 3,300
V3_ROW = {
    ("ES", 0.012): "ES-n-40",
    ("ES", 0.12): "ES-n-400",
    ("BaseLine", 0.12): "BaseLine + 400 iterations",
    **{
        ("TL", share, rate): f"TL-n-{late} ({text})"
        for share, late in ((0.003, 10), (0.09, 300))
        for rate, text in ((1e-3, "1e-3"), (1e-4, "1e-4"))
    },
}


def early_shaping(dose: float) -> Method:
    """Early shaping with `dose` iterations on D_I first; below 1: that share of the epochs."""
    return Method(
        named_by("ES", dose),
        "early shaping",
        f"{amount(dose)} on D_I first, then D_G",
        phases=(phase_of("I", dose), EPOCHS),
        stands_for=V3_ROW.get(("ES", dose), ""),
    )


def longer_baseline(dose: float) -> Method:
    """The control of early shaping with as many further iterations on D_G."""
    as_long = named_by("ES", dose)
    return Method(
        f"BaseLine + {dose_text(dose)}" + (" iterations" if dose >= 1 else ""),
        "control",
        f"the baseline with as many more iterations as {as_long}",
        phases=(phase_of("G", dose), EPOCHS),
        global_extra="other",
        refines=BASELINE,
        stands_for=V3_ROW.get(("BaseLine", dose), ""),
    )


def early_on_another(dose: float) -> Method:
    """The control of early shaping with the early iterations on another person's data, D_I'."""
    return Method(
        f"{named_by('ES', dose)} on another person",
        "control",
        f"{amount(dose)} on D_I' first, then D_G",
        phases=(phase_of("I", dose), EPOCHS),
        individual_data="other",
    )


def sample_weighing(n_I: str, meaning: str) -> Method:
    """Sample weighing with n_I written as a fraction ("2", "1/8")."""
    return Method(f"SW-n-{n_I}", "sample weighing", meaning, phases=(Phase(n_I, epochs=1),))


def transfer_learning(late: float, rate: float, optimiser: str = "") -> Method:
    """Transfer learning with n_TL = `late` iterations on D_I, from the generic network.

    late   below 1: as a share of the epochs
    The name states the learning rate, because v3 gives none.
    """
    in_name = f" {optimiser}" if optimiser else ""
    in_meaning = f" of {optimiser}" if optimiser else ""
    return Method(
        f"{named_by('TL', late)} ({rate_text(rate)}{in_name})",
        "transfer learning",
        f"generic network, then {amount(late)}{in_meaning} on D_I at learning rate "
        f"{rate_text(rate)}",
        start="generic",
        phases=(phase_of("I", late, rate=rate, optimiser=optimiser),),
        stands_for="" if optimiser else V3_ROW.get(("TL", late, rate), ""),
    )


def transfer_control(late: float, rate: float, draws: str) -> Method:
    """The control of transfer learning that goes on with data of other people.

    draws   "I": those of another person, D_I' | "G": D_G
    """
    whose, data = ("another person", "D_I'") if draws == "I" else ("D_G", "D_G")
    return Method(
        f"{named_by('TL', late)} on {whose} ({rate_text(rate)})",
        "control",
        f"generic network, then {amount(late)} on {data} at learning rate {rate_text(rate)}",
        start="generic",
        phases=(phase_of(draws, late, rate=rate),),
        individual_data="other" if draws == "I" else "own",
    )


def phase_of(draws: str, dose: float, **training) -> Phase:
    """The phase of a dose: iterations, or below 1 a share of the epochs."""
    length = {"iterations": dose} if dose >= 1 else {"epochs": dose}
    return Phase(draws, **length, **training)


def fine_tuned(name: str, family: str, meaning: str, *phases: Phase, **fields) -> Method:
    """A method that starts from the generic network."""
    return Method(name, family, meaning, start="generic", phases=phases, **fields)


def late_phase(iterations: int, rate: float, **training) -> Phase:
    """A phase on D_I at a learning rate of its own."""
    return Phase("I", iterations, rate=rate, **training)


def named_by(method: str, dose: float) -> str:
    """The name of a method with a dose: "ES-n-400", "ES 12 %"."""
    return f"{method}-n-{dose}" if dose >= 1 else f"{method} {dose_text(dose)}"


def dose_text(dose: float) -> str:
    """A dose as names have it: "400", "12 %"."""
    return f"{dose}" if dose >= 1 else f"{100 * dose:g} %"


def amount(dose: float) -> str:
    """A dose in words: "400 iterations", "12 % of the iterations of all epochs"."""
    if dose >= 1:
        return f"{dose} iterations"
    return f"{dose_text(dose)} of the iterations of all epochs"


def rate_text(rate: float) -> str:
    """A learning rate as names have it: "1e-4"."""
    return f"{rate:.0e}".replace("e-0", "e-")


def data_grouping(
    name: str,
    enlarged_by: str,
    percent: int,
    meaning: str,
    *,
    with_own: bool = True,
    family: str = "data grouping",
    refines: str = "",
) -> Method:
    """Data grouping: every 2nd batch from D'_I, which is a part of D_G, with D_I or alone."""
    own = "D_I and " if with_own else ""
    return Method(
        name,
        family,
        f"every 2nd batch from {own}{meaning}",
        phases=(Phase("2", epochs=1),),
        enlarged_by=enlarged_by,
        percent=percent,
        with_own=with_own,
        refines=refines,
    )


def with_more_epochs(method: Method, factor: int) -> Method:
    """The method with `factor` times the epochs."""
    return replace(
        method,
        name=f"{method.name}, {factor} × epochs",
        family="control" if method.family == "baseline" else method.family,
        meaning=f"{method.meaning}; {factor} times the epochs",
        phases=tuple(replace(phase, epochs=factor * phase.epochs) for phase in method.phases),
    )
