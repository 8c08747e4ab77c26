"""Following features beside training at 124 million parameters on an accelerator: throughput and memory with the autoencoders on and off.

    python benchmarks/formation_gpu.py [--preset 124m] [--report FILE]

`formation_cost.py` with the settings of a GPU: bfloat16 autocast, rows of 1,024 tokens, compiled blocks, the frequencies 1, 4 and 16. Writes a dated
Markdown report beside this file unless told where. Options given here are handed on and win.
"""

import subprocess
import sys
from datetime import date
from pathlib import Path

import torch

SETTINGS = {
    "--preset": ["124m"],
    "--device": ["cuda"],
    "--dtype": ["bfloat16"],
    "--seq-len": ["1024"],
    "--batch": ["32"],
    "--frequencies": ["1", "4", "16"],
    "--tokens-per-update": ["4096"],
    "--stretch": ["16"],
    "--stretches": ["3"],
    "--rounds": ["2"],
    "--compile": [],
}


def main() -> int:
    """Run the comparison with these settings."""
    if not torch.cuda.is_available():
        print("no CUDA device here; formation_cost.py measures the same on a CPU", file=sys.stderr)
        return 2
    device = torch.cuda.get_device_name().lower().replace("nvidia ", "").split()[0]
    report = Path(__file__).with_name(f"formation_{device}_{date.today()}.md")
    given = sys.argv[1:]
    settings = {**SETTINGS, "--report": [str(report)]}
    words = [word for flag, values in settings.items() if flag not in given for word in (flag, *values)]
    command = [sys.executable, str(Path(__file__).with_name("formation_cost.py")), *words, *given]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
