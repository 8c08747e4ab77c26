"""chronolect: language models with a verified sense of time."""

import logging

__version__ = "0.1.0"

# peft imports bitsandbytes where it is installed, wanted or not, and that warns of optional kernels and of every product it rounds.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
