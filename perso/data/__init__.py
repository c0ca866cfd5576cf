"""People and their samples: sources, cohorts, splits."""

from perso.data.cohort import Cohort, read, save
from perso.data.sources import load

__all__ = ["Cohort", "load", "read", "save"]
