"""Commands that measure models."""

from chronolect.commands.command import Command

JUDGING = (
    Command(
        "eval horizon",
        "chronolect.evaluation.horizon:eval_horizon",
        "Accuracy on dated probes by year, with the change point.",
        "chronolect eval horizon runs/locked/final runs/twin/final --cutoff 1969-07-20 --out results",
    ),
    Command(
        "eval surprise",
        "chronolect.evaluation.surprise:eval_surprise",
        "Bits per byte on dated text by year, against a twin.",
        "chronolect eval surprise runs/locked/final --twin runs/twin/final --corpus corpus/heldout --cutoff 1969-07-20 --out s",
    ),
    Command(
        "eval temporal",
        "chronolect.evaluation.temporal.command:eval_temporal",
        "Answers before the cutoff, declines after it: the four metrics with intervals.",
        "chronolect eval temporal --model-path runs/merged --test-file datasets/dev/dev_subset.jsonl --cutoff 1969-07-20",
    ),
    Command(
        "eval unlearning",
        "chronolect.evaluation.unlearning.command:eval_unlearning",
        "Compare models before and after unlearning: what is gone, what is kept, what it cost.",
        "chronolect eval unlearning start npo/final npo-q4_k_m.gguf --data datasets --cutoff 1969-07-20 --out comparison",
    ),
    Command(
        "eval dialogue",
        "chronolect.evaluation.dialogue.command:eval_dialogue",
        "Held-out dialogues with computed answers, by kind and wording, models compared on the same ones.",
        "chronolect eval dialogue runs/base/final runs/time/phase4-model --tests dialogues/tests.jsonl --out results",
    ),
    Command(
        "eval timebench run",
        "chronolect.evaluation.timebench.run:eval_timebench_run",
        "Ask a model every scenario of TIMEBench ten times, with the published seeds and decoding.",
        "chronolect eval timebench run http://localhost:8000/v1 --out Outputs/TIME-4B_output.json",
    ),
    Command(
        "eval timebench judge",
        "chronolect.evaluation.timebench.judge:eval_timebench_judge",
        "Score the runs of TIMEBench by a judge model or by rule.",
        "chronolect eval timebench judge Outputs/TIME-4B_output.json --judge rules",
    ),
    Command(
        "eval timebench stats",
        "chronolect.evaluation.timebench.stats:eval_timebench_stats",
        "Sum up judged runs: accuracy and structure with the published intervals.",
        "chronolect eval timebench stats --judged Outputs/TIME-4B_output_judged.json --tokenizer runs/time-4b/phase4-model",
    ),
    Command(
        "eval timebench compare",
        "chronolect.evaluation.timebench.compare:eval_timebench_compare",
        "Compare two models scenario by scenario: Wilcoxon as published, effect sizes, Holm.",
        "chronolect eval timebench compare --a Base_output_scenario_scores.json --b New_output_scenario_scores.json",
    ),
    Command(
        "eval timebench table",
        "chronolect.evaluation.timebench.table:eval_timebench_table",
        "Results of several models side by side: CSV, Markdown and a page with plots.",
        "chronolect eval timebench table Base_results.json New_results.json --comparison Base_vs_New_stat_results.json --out tables",
    ),
)
