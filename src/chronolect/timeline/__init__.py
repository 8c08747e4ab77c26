"""Time: spans of days with open ends, the one rule of what lies before a cutoff, and the evidence a date rests on."""

from chronolect.timeline.cutoff import Cutoff, Verdict
from chronolect.timeline.evidence import Dating, Evidence, merge
from chronolect.timeline.span import Span, hull

__all__ = ["Cutoff", "Dating", "Evidence", "Span", "Verdict", "hull", "merge"]
