"""Forget quality: could the model be one that has never read what it was to forget?"""

from collections.abc import Mapping
from typing import Any

from scipy import stats


def forget_quality(model: Mapping[str, float], reference: Mapping[str, float]) -> dict[str, Any]:
    """The two-sample Kolmogorov-Smirnov test between the truth ratios of a model and those of a retain-only reference (Maini et al. 2024).

    Args:
        model: Truth share by family. The test depends on ranks only, and so is the same for any rising function of it, such as 1 / R.
        reference: The same of a model that never read these facts.

    Returns:
        `p`: near 0 the two differ, be it because the model still knows or because it avoids the truth; `statistic`: the largest distance of the two
        distributions; `n`: families of each; `shift`: the model's mean minus the reference's, which tells in which direction.
    """
    mine, theirs = list(model.values()), list(reference.values())
    if not mine or not theirs:
        return {"p": None, "statistic": None, "n": [len(mine), len(theirs)], "shift": None}
    found = stats.ks_2samp(mine, theirs)
    return {
        "p": float(found.pvalue),
        "statistic": float(found.statistic),
        "n": [len(mine), len(theirs)],
        "shift": sum(mine) / len(mine) - sum(theirs) / len(theirs),
    }
