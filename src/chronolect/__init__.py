"""chronolect: language models with a verified sense of time."""

__version__ = "0.1.0"
