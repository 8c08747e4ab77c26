"""`Engine`: who does the work. It is no part of a result's configuration, for the result does not depend on it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Engine:
    """Where shards are run.

    Attributes:
        engine: Local processes, or a Ray cluster whose machines share the file system.
        workers: Shards at work at once; 0 takes one per core (with Ray: what the cluster has).
        address: Ray cluster to join, such as "auto"; "local" starts one on this machine.
    """

    engine: Literal["local", "ray"] = "local"
    workers: int = 0
    address: str = "local"
