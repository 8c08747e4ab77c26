"""Compressed-tensors, the library behind FP8 folders, kept off the console: it and LLM Compressor log and draw bars for every step."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout


@contextmanager
def quiet() -> Iterator[None]:
    """Neither logs nor bars of compressed-tensors and LLM Compressor while inside, nor log files of theirs; errors are raised as ever.

    Raises:
        ModuleNotFoundError: Where neither is installed.
    """
    from loguru import logger

    os.environ.setdefault(
        "LLM_COMPRESSOR_LOG_DISABLED", "true"
    )  # read at import; it would log to stdout, where results go
    logger.disable("llmcompressor")
    logger.disable("compressed_tensors")
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield
