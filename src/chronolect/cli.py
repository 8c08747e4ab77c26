"""The command line. It holds no logic: it parses flags, calls the function of the command, and prints what that returns."""

import json
import os
import signal
import sys
import traceback
from typing import Any, NoReturn

from cyclopts import App, CycloptsError

from chronolect import __version__
from chronolect.commands import COMMANDS, EXTRAS, GROUPS
from chronolect.errors import UserError

_EPILOGUE = "Everywhere: --json prints the result as JSON, --debug shows tracebacks. Exit codes: 0 done, 1 failed, 2 wrong input."


def build_app() -> App:
    """The whole tree; nothing behind it is imported yet."""
    app = App(
        "chronolect",
        help="Language models with a verified sense of time.",
        help_epilogue=_EPILOGUE,
        version=__version__,
        result_action="return_value",
    )
    nodes = {"": app}
    for name, text in GROUPS.items():
        parent, _, last = name.rpartition(" ")
        nodes[name] = App(last, help=text)
        nodes[parent].command(nodes[name])
    for command in COMMANDS:
        parent, _, last = command.name.rpartition(" ")
        nodes[parent].command(
            command.function, name=last, help=command.help, help_epilogue=f"Example: {command.example}"
        )
    return app


def show(result: Any, *, indent: int = 0) -> str:
    """A result as lines for a person: `key: value`, nested ones indented, long lists shortened."""
    pad = "  " * indent
    lines = []
    for key, value in result.items() if isinstance(result, dict) else enumerate(result):
        if isinstance(value, dict) and value:
            lines += [f"{pad}{key}:", show(value, indent=indent + 1)]
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            lines.append(f"{pad}{key}: {len(value)} entries (use --json to see them)")
        elif isinstance(value, float):
            lines.append(f"{pad}{key}: {value:.4g}")
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000:
            lines.append(f"{pad}{key}: {value:,}")
        else:
            lines.append(f"{pad}{key}: {value}")
    return "\n".join(lines)


def print_result(result: Any, *, as_json: bool) -> None:
    """Print what a command returned to stdout; a result that has a text for people under `screen` is shown as that. Of
    several processes under torchrun the first one prints.
    """
    if result is None or os.environ.get("RANK", "0") != "0":
        return
    screen = result.pop("screen", None) if isinstance(result, dict) else None
    if as_json:
        print(json.dumps(result, indent=2, ensure_ascii=False, default=str))
    elif screen is not None:
        print(screen)
    elif isinstance(result, dict | list):
        print(show(result))
    else:
        print(result)


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code."""
    as_json, debug = ("--json" in arguments), ("--debug" in arguments)
    arguments = [argument for argument in arguments if argument not in ("--json", "--debug")]
    try:
        print_result(build_app()(arguments, exit_on_error=False, print_error=True), as_json=as_json)
        return 0
    except CycloptsError:  # already printed, with a suggestion
        return 2
    except UserError as error:
        if debug:
            traceback.print_exc()
        print(f"chronolect: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:  # a training run says where it stands
        print(f"chronolect: {str(interrupt) or 'interrupted; nothing half-done was left behind'}", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        extra = _missing_extra(error)
        if extra:
            print(f"chronolect: a package is missing: pip install 'chronolect[{extra}]'", file=sys.stderr)
            return 2
        print(f"chronolect: failed: {type(error).__name__}: {error} (--debug shows where)", file=sys.stderr)
        return 1


def _missing_extra(error: BaseException | None) -> str | None:
    """The extra that would have spared this error, if it comes of a package that only some commands need."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
            return EXTRAS[error.name]
        error = error.__cause__ or error.__context__
    return None


def main() -> NoReturn:
    """Entry point of the `chronolect` command."""
    sys.exit(run(sys.argv[1:]))
