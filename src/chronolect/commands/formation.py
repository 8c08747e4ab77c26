"""Commands of training time: features followed while a model trains, or over its checkpoints."""

from chronolect.commands.command import Command

FORMATION = (
    Command(
        "formation track",
        "chronolect.formation.track.command:formation_track",
        "Follow features over the checkpoints of a finished or published training.",
        "chronolect formation track --run runs/base --corpus packed --seeds 3 --conditions base random-init --out runs/features",
    ),
    Command(
        "formation quick",
        "chronolect.formation.membench.commands.train:quick",
        "Train one of the shipped models with everything Chrono-MemBench follows.",
        "chronolect formation quick tiny --data speeches/ --output-dir outputs/tiny",
    ),
    Command(
        "formation train",
        "chronolect.formation.membench.commands.train:train",
        "Train as a Chrono-MemBench configuration says.",
        "chronolect formation train --config configs/chrono_membench.yaml --temporal-dropout-rate 0.1 --dry-run",
    ),
    Command(
        "formation configs",
        "chronolect.formation.membench.commands.configs:configs",
        "List the shipped configurations and your own.",
        "chronolect formation configs",
    ),
    Command(
        "formation create-config",
        "chronolect.formation.membench.commands.configs:create_config",
        "Write a configuration that names what differs from a shipped one.",
        "chronolect formation create-config large --model-type llama-3-8b --sae-latent-dim 32768 --max-steps 20000",
    ),
    Command(
        "formation analyze",
        "chronolect.formation.membench.commands.analyze:analyze",
        "Sum up the evaluation reports below a folder.",
        "chronolect formation analyze --results-dir outputs/chrono",
    ),
    Command(
        "formation controls",
        "chronolect.formation.controls:formation_controls",
        "Judge what was followed beside what should not show it: shuffled checkpoints, permuted tokens, reversed time, fewer seeds.",
        "chronolect formation controls runs/features --out runs/features-controls",
    ),
    Command(
        "formation synth",
        "chronolect.formation.synth.command:formation_synth",
        "Make up a training run whose births and deaths are known, follow it, and score what is said of it.",
        "chronolect formation synth --kinds cold warm --out runs/truth",
    ),
)
