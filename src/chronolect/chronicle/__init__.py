"""The chronicle: dated facts of the real world that we wrote ourselves, the small corpus and the probes that come from them."""

from chronolect.chronicle.facts import Fact, load_facts

__all__ = ["Fact", "load_facts"]
