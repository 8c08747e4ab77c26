"""Every flag of the four scripts of the seeds' temporal unlearning is here, under its own name and with its own default."""

import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App, CycloptsError, MissingArgumentError

from chronolect.cli import build_app, run
from chronolect.training.record_sets import record_files, run_folder

REQUIRED = object()
# script -> (command here, flag -> default), as the seeds' tables have them. None: something is worked out, or nothing is done.
SCRIPTS: dict[str, tuple[str, dict[str, Any]]] = {
    "finetune_temporal.py": (
        "train unlearn",
        {
            "model_name": "Qwen/Qwen2.5-1.5B-Instruct",
            "output_dir": None,
            "dev": False,
            "dev_path": None,
            "retain_train": None,
            "retain_val": None,
            "unlearn_train": None,
            "unlearn_val": None,
            "epochs": 3,
            "batch_size": 4,
            "learning_rate": 2e-4,
            "max_seq_length": 512,
            "gradient_accumulation_steps": 4,
            "save_steps": 500,
            "eval_steps": 100,
            "lora_r": 16,
            "lora_alpha": 32,
            "lora_dropout": 0.05,
            "use_4bit": False,
            "use_8bit": False,
            "resume_from_checkpoint": None,
            "resume_latest": False,
            "wandb": False,
            "seed": 42,
        },
    ),
    "merge_lora.py": (
        "export merge",
        {
            "base_model": REQUIRED,
            "lora_path": REQUIRED,
            "output_path": REQUIRED,
            "dtype": "bfloat16",
            "verify": False,
        },
    ),
    "convert_to_gguf.py": (
        "export gguf",
        {"model_path": REQUIRED, "output_path": REQUIRED, "quant_type": "q4_k_m", "llama_cpp_path": "llama.cpp"},
    ),
    "evaluate_temporal.py": (
        "eval temporal",
        {
            "model_path": None,
            "use_lmstudio": False,
            "lmstudio_url": None,
            "lmstudio_model": None,
            "test_file": None,
            "retain_val": None,
            "unlearn_val": None,
            "max_tokens": 256,
            "output": Path("evaluation_results.json"),
            "verbose": False,
            "limit": None,
        },
    ),
}
FLAGS = [(script, flag) for script, (_, flags) in SCRIPTS.items() for flag in flags]
# Where the default differs, what it is here; docs/seeds.md says why.
OTHERWISE = {
    ("merge_lora.py", "base_model"): None,
    ("merge_lora.py", "dtype"): "auto",
    ("convert_to_gguf.py", "quant_type"): None,
    ("convert_to_gguf.py", "llama_cpp_path"): None,
}
SAMPLES = {"dtype": "float16", "quant_type": "q8_0", "lora_dropout": "0.5"}  # where not any word will do
GUIDE = Path(__file__).parents[1] / "docs" / "seeds.md"


@pytest.fixture(scope="module")
def app() -> App:
    return build_app()


def settings(app: App, command: str, *flags: str) -> Mapping[str, Any]:
    """Every parameter of a command as its function would get it, those of a config by themselves."""
    _, bound, *_ = app.parse_args([*command.split(), *flags], exit_on_error=False, print_error=False)
    bound.apply_defaults()
    flat: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        flat |= asdict(value) if is_dataclass(value) and not isinstance(value, type) else {name: value}
    return flat


def sample(flag: str, default: Any) -> list[str]:
    """A use of a flag that changes something."""
    if default is False:
        return []
    return [SAMPLES.get(flag, "7")]


def needed(script: str, *, besides: str) -> list[str]:
    """The flags that a script cannot do without, but one."""
    flags = SCRIPTS[script][1]
    return [part for flag in flags if flags[flag] is REQUIRED and flag != besides for part in (f"--{flag}", "x.gguf")]


@pytest.mark.parametrize(("script", "flag"), FLAGS)
@pytest.mark.parametrize("spelling", ["--{}", "--{} with dashes"])
def test_a_flag_sets_one_thing_whose_default_is_that_of_the_seeds(
    app: App, script: str, flag: str, spelling: str
) -> None:
    command, flags = SCRIPTS[script]
    default = OTHERWISE.get((script, flag), flags[flag])
    name = f"--{flag.replace('_', '-') if 'dashes' in spelling else flag}"
    others = needed(script, besides=flag)
    if default is REQUIRED:
        with pytest.raises(MissingArgumentError):
            settings(app, command, *others)
        assert settings(app, command, *others, name, "y.gguf")
        return
    before = settings(app, command, *others)
    after = settings(app, command, *others, name, *sample(flag, flags[flag]))
    changed = [key for key in after if after[key] != before[key]]
    assert len(changed) == 1
    assert before[changed[0]] == default


def test_a_flag_that_the_seeds_do_not_have_is_noticed(app: App) -> None:
    with pytest.raises(CycloptsError):
        settings(app, "train unlearn", "--lora_rang", "8")


@pytest.mark.parametrize("root", [None, "wiki"])
def test_the_files_are_where_the_seeds_have_them(
    root: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WIKI_DATA", raising=False)
    if root:
        monkeypatch.setenv("WIKI_DATA", str(tmp_path / root))
    data = (tmp_path / root if root else Path()) / "datasets"
    wanted = {
        "dev": data / "dev/dev_subset.jsonl",
        "retain_train": data / "retain/retain_train.jsonl",
        "retain_val": data / "retain/retain_val.jsonl",
        "unlearn_train": data / "unlearn/unlearn_train.jsonl",
        "unlearn_val": data / "unlearn/unlearn_val.jsonl",
    }
    for path in wanted.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    sets = dict.fromkeys(("retain_train", "retain_val", "unlearn_train", "unlearn_val"))
    assert record_files(None, sets, dev=True, dev_path=None) == {"dev": wanted.pop("dev")}
    assert record_files(None, sets, dev=False, dev_path=None) == wanted


@pytest.mark.parametrize(("dev", "kind"), [(False, "full"), (True, "dev")])
def test_a_run_is_named_as_in_the_seeds(dev: bool, kind: str) -> None:
    folder = run_folder("Qwen/Qwen2.5-1.5B-Instruct", dev=dev, resume=False)
    assert re.fullmatch(rf"output/temporal-qwen2\.5-1\.5b-instruct-{kind}-\d{{8}}_\d{{6}}", folder.as_posix())


def test_the_server_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LMSTUDIO_HOST", "127.0.0.1")
    monkeypatch.setenv("LMSTUDIO_PORT", "9")  # where nothing listens
    (tmp_path / "dev.jsonl").write_text(
        '{"instruction": "Who?", "output": "Ada.", "metadata": {"dataset_type": "retain"}}\n'
    )
    assert run(["eval", "temporal", "--use_lmstudio", "--test_file", str(tmp_path / "dev.jsonl")]) == 2
    assert "http://127.0.0.1:9/v1: no answer" in capsys.readouterr().err


def section(script: str) -> str:
    """What the guide says of a script."""
    return GUIDE.read_text().split(f"### {script}", 1)[1].split("\n##", 1)[0]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_guide_has_every_flag_and_says_where_a_default_differs(script: str) -> None:
    command, flags = SCRIPTS[script]
    table = dict(re.findall(r"^\| `--(\w+)` \|(.*)\|$", section(script), flags=re.MULTILINE))
    assert set(table) == set(flags)
    for flag, row in table.items():
        assert f"`--{flag.replace('_', '-')}`" in row
        assert ("differs:" in row) == ((script, flag) in OTHERWISE)
    assert f"chronolect {command}" in section(script)


@pytest.mark.parametrize("script", re.findall(r"^### (\S+\.py)", GUIDE.read_text(), flags=re.MULTILINE))
def test_what_the_guide_names_is_there(app: App, script: str) -> None:
    command = re.search(r"`chronolect ([a-z ]+)`", section(script))
    assert command
    node = app
    for word in command[1].split():
        node = node[word]
    known = {name for argument in node.assemble_argument_collection() for name in argument.names}
    named = {
        flag
        for row in section(script).splitlines()
        if row.startswith("| `")
        for flag in re.findall(r"`(--[a-z0-9-]+)`", row.rpartition(" | ")[2])
    }
    # how the seeds' flags are called is said, too, where they have no place here
    assert {flag for flag in named if flag not in known} <= {"--split", "--no-split"}


def test_every_command_line_of_the_guide_is_understood(app: App) -> None:
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL))
    lines = [row for row in blocks.replace("\\\n", " ").splitlines() if row.startswith("chronolect ")]
    assert len(lines) > 10
    for line in lines:
        app.parse_args(line.split()[1:], exit_on_error=False, print_error=False)
