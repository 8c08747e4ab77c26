import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from chronolect.cli import run
from chronolect.commands import COMMANDS
from chronolect.recipes import known_keys


def chronolect(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "chronolect", *arguments], capture_output=True, text=True, check=False)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom chronolect.cli import build_app\nbuild_app()(['--help'])\n"
        "heavy = {'torch', 'transformers', 'pyarrow', 'duckdb', 'scipy', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "verified sense of time" in done.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_help_with_an_example_and_says_what_each_flag_does(
    command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Example: {command.example}"[:60] in " ".join(shown.split())
    documentation = inspect.getdoc(command.load()) or ""
    for key in inspect.signature(command.load()).parameters:
        assert f"{key}:" in documentation, f"{command.name}: {key} is not explained"
    assert known_keys(command.name)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_examples_parse(command) -> None:
    words = command.example.split()
    assert " ".join(words[1:]).startswith(command.name)
    from chronolect.cli import build_app

    build_app().parse_args(words[1:], exit_on_error=False, print_error=False)


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "filter", "nowhere", "--cutof", "1900", "--out", "x"]) == 2
    assert "cutof" in "".join(capsys.readouterr())
    assert run(["corpus", "filtr"]) == 2


def test_wrong_input_exits_with_2_and_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", "filter", str(tmp_path / "none"), "--cutoff", "1900", "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("chronolect: ")
    assert err.count("\n") == 1
    assert "none" in err


def test_an_impossible_cutoff_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "date": "1900"}\n')
    assert (
        run(
            [
                "corpus",
                "import",
                "table",
                str(tmp_path / "a.jsonl"),
                "--date-field",
                "date",
                "--out",
                str(tmp_path / "c"),
            ]
        )
        == 0
    )
    assert run(["corpus", "filter", str(tmp_path / "c"), "--cutoff", "1969-02-30", "--out", str(tmp_path / "out")]) == 2
    assert "1969-02-30" in capsys.readouterr().err


def test_json_goes_to_stdout_alone(tmp_path: Path) -> None:
    done = chronolect("data", "probes", "--out", str(tmp_path / "probes"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["heldout"] > 1000


def test_a_missing_extra_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "a.pgn").write_text("1. e4 e5 *")
    program = (
        "import sys\nsys.modules['chess'] = None\nfrom chronolect.cli import run\n"
        f"sys.exit(run(['corpus', 'import', 'chess', '{tmp_path}/a.pgn', '--out', '{tmp_path}/out']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "pip install 'chronolect[chess]'" in done.stderr
