"""The engine: large stages cut into shards, run by local processes or by Ray, resumed after a kill, the same result byte for byte.

A step is one function of one shard. What it writes goes to a folder of its own that is moved into place when whole; a shard that has been
finished is never run again. The result is put together in the order of the shards, so neither the number of workers nor the engine shows in it.
"""

from chronolect.corpus.engine.config import Engine
from chronolect.corpus.engine.output import Output
from chronolect.corpus.engine.shards import Totals, map_corpus, run_shards

__all__ = ["Engine", "Output", "Totals", "map_corpus", "run_shards"]
