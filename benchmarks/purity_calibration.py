"""Purity before and after calibration beside the true overlap, on runs made without training, where the truth is known.

    python benchmarks/purity_calibration.py [RUNS]

Autoencoders find each feature that is there with a chance between 0.7 and 0.95, and have latents that are noise; features are born over
eight checkpoints, and every seventh dies. A tenth of a second a run and checkpoint.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.formation.made_series import growing

from chronolect.formation.analysis.purity_report import purity_report
from chronolect.formation.analysis.series import AnalysisSettings

WINDOW = 3


def main(runs: int = 20) -> None:
    """Print errors and coverage by number of seeds."""
    settings = AnalysisSettings(window=WINDOW, least=30, resamples=300)
    print("seeds  raw error  calibrated error  bias    covered by the 95 % interval  n")
    for seeds in (2, 3, 5):
        raw, calibrated, covered = [], [], []
        for number in range(runs):
            found = (0.7, 0.85, 0.95)[number % 3]
            run = growing(8, features=140, latents=200, found=found, seed=number)
            report = purity_report(run.series(seeds), settings, gate=["converged"] * 8)
            for place in range(WINDOW, 8):
                true = run.overlap(place, WINDOW)
                raw.append(abs(report["raw"][place] - true))
                calibrated.append(report["calibrated_unclipped"][place] - true)
                covered.append(report["calibrated_low"][place] <= true <= report["calibrated_high"][place])
        error, bias = np.abs(calibrated).mean(), np.mean(calibrated)
        print(
            f"{seeds:5}  {np.mean(raw):9.3f}  {error:16.3f}  {bias:+6.3f}  {np.mean(covered):29.2f}  {len(raw):3}",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
