"""Settings → missing models → rows."""

from perso.study.study import Study

__all__ = ["Study"]
