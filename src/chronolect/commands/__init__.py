"""The command tree as data: what each command is called, the typed function behind it, and an example.

The command line, recipes and the documentation all read this table; the functions are imported only when one is called.
"""

from chronolect.commands.command import Command
from chronolect.commands.corpus import CORPUS
from chronolect.commands.formation import FORMATION
from chronolect.commands.judging import JUDGING
from chronolect.commands.making import MAKING
from chronolect.errors import UserError, did_you_mean

__all__ = ["COMMANDS", "EXTRAS", "GROUPS", "Command", "find_command"]

GROUPS = {
    "corpus": "Dated documents: import, date, filter by a cutoff, audit, clean, mix, count, pack for training.",
    "corpus import": "Bring dated text into a corpus.",
    "corpus download": "Fetch sources, politely and resumably.",
    "corpus dates": "Collect dates of entities, for `corpus date`.",
    "tokenizer": "Byte-level BPE tokenizers.",
    "data": "Questions, conversations and probes, from the embedded chronicle or from your own text.",
    "dialogue": "Conversations with time in them: split, render, count, convert.",
    "train": "Train language models.",
    "formation": "Training time: sparse features followed through a training, what was born, kept and lost.",
    "export": "Bring a model into the forms that other programs load.",
    "eval": "Measure up to when a model knows the world, and what it makes of the time.",
    "eval timebench": "TIMEBench: run, judge, sum up, compare, tabulate.",
}

# Packages that only some commands need -> the extra that installs them.
EXTRAS = {
    "chess": "chess",
    "ray": "ray",
    "cyllama": "gguf",
    "bitsandbytes": "quant",
    "llmcompressor": "fp8",
    "compressed_tensors": "fp8",
    "loguru": "fp8",
    "liger_kernel": "liger",
    "sae_lens": "sae",
    "wandb": "tracking",
    "tensorboard": "tracking",
    "trackio": "tracking",
}

COMMANDS = (
    Command(
        "demo",
        "chronolect.demo:demo",
        "The main job, end to end: a model that knows the world up to 20 July 1969, its twin, and the report.",
        "chronolect demo --out runs/demo",
    ),
    Command(
        "run",
        "chronolect.recipes:run_recipe",
        "Run a recipe; steps that are done already are skipped.",
        "chronolect run recipes/speeches.yaml --set cutoff=1901-01-01",
    ),
    *CORPUS,
    *MAKING,
    *FORMATION,
    *JUDGING,
    Command(
        "chat",
        "chronolect.serving.chat:chat",
        "Talk with a model on a real or simulated clock: stamps, ticks, hidden thoughts, silence shown.",
        "chronolect chat runs/time/phase4-model --clock simulated --start 2024-03-01T10:00:00 --tick-every 300",
    ),
    Command(
        "plan",
        "chronolect.planning.plan:plan",
        "Weights, memory, time, data and cost of a training run before it starts.",
        "chronolect plan tinyllama-1.1b --device h200 --tokens 1.94B --epochs 5 --gradient-checkpointing",
    ),
    Command(
        "report",
        "chronolect.report.build:build_report",
        "One self-contained HTML page from the results of a run.",
        "chronolect report runs/demo --out runs/demo/report",
    ),
)


def find_command(name: str) -> Command:
    """The command of that name; a wrong one is a `UserError` with the nearest right one."""
    for command in COMMANDS:
        if command.name == name:
            return command
    raise UserError(f'there is no command "{name}"{did_you_mean(name, [command.name for command in COMMANDS])}')
