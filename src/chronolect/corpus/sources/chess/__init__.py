"""The `chess` source: games told from the board, and the rules of play."""

from chronolect.corpus.sources.chess.importing import import_chess

__all__ = ["import_chess"]
