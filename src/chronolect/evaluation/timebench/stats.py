"""`eval timebench stats`: what the runs of the benchmark come to, in the published result file."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chronolect.console import say
from chronolect.errors import UserError
from chronolect.evaluation.timebench.descriptive import STRUCTURE_KEY, bootstrap_structure, describe, read_structure
from chronolect.evaluation.timebench.naming import (
    RESULTS,
    SCORES,
    STRUCTURE,
    beside,
    model_name,
    write_published,
)
from chronolect.evaluation.timebench.records import UNJUDGED, Record, has_answer, read_records, scenario_id
from chronolect.evaluation.timebench.scenarios import read_scenarios
from chronolect.evaluation.timebench.scores import SCORES_KEY, accuracy, mean_scores, read_scores
from chronolect.evaluation.timebench.seeds import SEED, check_seed
from chronolect.evaluation.timebench.structure import Structure, annotate, scenario_structure
from chronolect.models.hub import local_folder
from chronolect.models.tokenizers import read_tokenizer
from chronolect.report.formats import estimate

Block = dict[str, Any]


def eval_timebench_stats(
    *,
    scenario_scores: Path | None = None,
    scenario_stats: Path | None = None,
    scenarios: Path | None = None,
    judged: Path | None = None,
    tokenizer: str | None = None,
    out: Path | None = None,
    seed: int = SEED,
) -> dict[str, Any]:
    """Sum up the runs of a model: accuracy in all and by category, and how the replies are built, with 95 % bootstrap intervals.

    Writes NAME_results.json. From the published scenario scores and scenario stats it gives the published numbers in every digit. From judged
    runs it also writes those two files (NAME_output_scenario_scores.json, NAME_output_scenario_stats.json), and describes all replies together.

    Args:
        scenario_scores: File of the mean score of each scenario, for the accuracy.
        scenario_stats: File of the structure of each scenario, for the intervals of structure.
        scenarios: File of the scenarios that the scores are of, for their categories; by default the embedded ones. Not needed with --judged.
        judged: File of runs, judged or not, in place of the two files of scenarios.
        tokenizer: Folder or hub name of the tokenizer that counts the tokens of think blocks, with --judged; in the published numbers that of
            Qwen/Qwen3-32B for all models. Without it nothing is said of structure.
        out: File to write to, by default NAME_results.json beside the input; the files of scenarios go into the same folder.
        seed: Seed of the resampling.

    Returns:
        The content of the result file, the files written, and counts of what was left out.

    Raises:
        UserError: For no input or two kinds of it, a missing or broken file, or scores of scenarios that the file of scenarios lacks.
    """
    source = judged or scenario_scores or scenario_stats
    if source is None:
        raise UserError("nothing to sum up; give --judged, or --scenario-scores, --scenario-stats or both")
    if judged is not None and (scenario_scores or scenario_stats):
        raise UserError("--judged stands in place of --scenario-scores and --scenario-stats; give it or them")
    if tokenizer is not None and judged is None:
        raise UserError("--tokenizer needs the replies; give them with --judged")
    check_seed(seed)
    target = out or beside(source, RESULTS)
    results: Block = {}
    files = [str(target)]
    counts: Block = {}
    if judged is not None:
        results, made, counts = _from_runs(judged, tokenizer, seed)
        for ending, content in made.items():
            path = target.with_name(f"{model_name(judged)}{ending}.json")
            write_published(path, content)
            files.append(str(path))
    if scenario_scores is not None:
        scores = read_scores(scenario_scores)
        results["llm_judge_summary"] = accuracy(scores, _categories(scores, scenario_scores, scenarios), seed=seed)
    if scenario_stats is not None:
        rows = read_structure(scenario_stats).values()
        results["advanced_structural_stats"] = {"bootstrapped_stats": bootstrap_structure(rows, seed=seed)}
    write_published(target, results)
    say(f"results in {target}")
    return {**results, "files": files, "counts": counts, "screen": _screen(model_name(source), results, counts)}


def _from_runs(path: Path, tokenizer: str | None, seed: int) -> tuple[Block, dict[str, Block], Block]:
    """The results, the files of scenarios by their endings, and counts of runs."""
    records = read_records(path)
    for number, record in enumerate(records, 1):
        _check(record, f"{path}, run {number}")
    keys = [scenario_id(record) for record in records]
    scored = [(key, record["score"]) for key, record in zip(keys, records, strict=True) if "score" in record]
    scores = mean_scores(scored)
    if not scores and tokenizer is None:
        raise UserError(f"{path}: no run in it is judged; judge them with chronolect eval timebench judge")
    results: Block = {}
    made: dict[str, Block] = {}
    judged = sum(score != UNJUDGED for _, score in scored)
    counts: Block = {
        "runs": len(records),
        "scenarios": len(set(keys)),
        "runs_not_judged": len(records) - judged,
        "scenarios_not_judged": len(set(keys)) - len(scores),
    }
    if scores:
        categories = {key: record["category"] for key, record in zip(keys, records, strict=True)}
        results["llm_judge_summary"] = accuracy(scores, categories, seed=seed)
        made[SCORES] = {SCORES_KEY: scores}
    if tokenizer is None:
        say("nothing is said of structure: name a tokenizer, to count the tokens of think blocks, with --tokenizer")
        return results, made, counts
    runs = _structures(records, tokenizer)
    everything = [run for found in runs.values() for run in found]
    counts["runs_without_reply"] = len(records) - len(everything)
    if not everything:
        raise UserError(f"{path}: not one run in it has a reply")
    rows = {key: scenario_structure(found) for key, found in runs.items()}
    results["advanced_structural_stats"] = {
        "descriptive_stats": describe(everything),
        "bootstrapped_stats": bootstrap_structure(rows.values(), seed=seed),
    }
    made[STRUCTURE] = {STRUCTURE_KEY: rows}
    return results, made, counts


def _structures(records: list[Record], tokenizer: str) -> dict[str, list[Structure]]:
    """How the replies of each scenario are built; those that are empty or never came are left out."""
    counter, _ = read_tokenizer(local_folder(tokenizer, tokenizer_only=True))

    def count_tokens(text: str) -> int:
        # a published file may hold half of an emoji, which is no text
        return len(counter.encode(text.encode(errors="replace").decode(), add_special_tokens=False).ids)

    runs = defaultdict[str, list[Structure]](list)
    for record in records:
        if not has_answer(record):
            continue
        found = annotate(record["response"], record["output_length"], count_tokens)
        if found is not None:
            runs[scenario_id(record)].append(found)
    return dict(runs)


def _check(record: Record, where: str) -> None:
    """Hold a run to what is read of it here."""
    for key, kind, name in (
        ("category", str, "a text"),
        ("response", str, "a text"),
        ("output_length", int, "a number"),
    ):
        if not isinstance(record.get(key), kind):
            raise UserError(f'{where}: "{key}" must be {name}')
    if record.get("score", UNJUDGED) not in (0, 1, UNJUDGED):
        raise UserError(f"{where}: the score is {record['score']!r}; it must be 0, 1, or -1 for not judged")


def _categories(scores: Mapping[str, float], path: Path, scenarios: Path | None) -> dict[str, str]:
    """Category of each scenario that has a score."""
    known = {scenario.id: scenario.category for scenario in read_scenarios(scenarios)}
    strange = sum(scenario not in known for scenario in scores)
    if strange:
        where = scenarios or "the embedded scenarios"
        raise UserError(
            f"{path}: {strange} of {len(scores)} scenarios are not in {where}; name their file with --scenarios"
        )
    if len(scores) < len(known):
        say(f"{len(known) - len(scores)} of {len(known)} scenarios have no score and are left out")
    return known


def _screen(name: str, results: Block, counts: Block) -> str:
    lines = [f"{name}, with 95 % intervals"]
    if "llm_judge_summary" in results:
        summary = results["llm_judge_summary"]
        rows = {"Overall": summary["overall_accuracy"], **summary["per_category_accuracy"]}
        for title, block in rows.items():
            value = estimate(block["observed_mean_accuracy_percent"], *block["confidence_interval_95_percent"])
            lines.append(f"  {title:<34} {value} %  (n = {block['scenarios']})")
    if "advanced_structural_stats" in results:
        lines.append("")
        for metric, block in results["advanced_structural_stats"]["bootstrapped_stats"]["stats"].items():
            value = estimate(block["observed_mean"], *block["confidence_interval_95_percent"])
            lines.append(f"  {metric:<34} {value}")
    lines += ["", *(f"  {key.replace('_', ' ')}: {value:,}" for key, value in counts.items())] if counts else []
    return "\n".join(lines)
