"""The papers' kinds of methods, and their controls: one function per kind makes a `Method`."""

from dataclasses import replace

from perso.methods.method import BASELINE, EPOCHS, Method, Phase


def early_shaping(dose: int) -> Method:
    """Early shaping with `dose` iterations on D_I first."""
    meaning = f"{dose} iterations on D_I first, then D_G"
    return Method(f"ES-n-{dose}", "early shaping", meaning, phases=(Phase("I", dose), EPOCHS))


def longer_baseline(dose: int) -> Method:
    """The control of early shaping with as many further iterations on D_G."""
    return Method(
        f"BaseLine + {dose} iterations",
        "control",
        f"the baseline with as many more iterations as ES-n-{dose}",
        phases=(Phase("G", dose), EPOCHS),
        global_extra="other",
        refines=BASELINE,
    )


def early_on_another(dose: int) -> Method:
    """The control of early shaping with the early iterations on another person's data, D_I'."""
    return Method(
        f"ES-n-{dose} on another person",
        "control",
        f"{dose} iterations on D_I' first, then D_G",
        phases=(Phase("I", dose), EPOCHS),
        individual_data="other",
    )


def sample_weighing(n_I: str, meaning: str) -> Method:
    """Sample weighing with n_I written as a fraction ("2", "1/8")."""
    return Method(f"SW-n-{n_I}", "sample weighing", meaning, phases=(Phase(n_I, epochs=1),))


def transfer_learning(late: int, rate: float, optimiser: str = "") -> Method:
    """Transfer learning with n_TL = `late` iterations on D_I, from the generic network.

    The name states the learning rate, because v3 gives none.
    """
    rate_text = f"{rate:.0e}".replace("e-0", "e-")
    in_name = f" {optimiser}" if optimiser else ""
    in_meaning = f" of {optimiser}" if optimiser else ""
    return Method(
        f"TL-n-{late} ({rate_text}{in_name})",
        "transfer learning",
        f"generic network, then {late} iterations{in_meaning} on D_I at learning rate {rate_text}",
        start="generic",
        phases=(Phase("I", late, rate=rate, optimiser=optimiser),),
    )


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
