"""Recipes: a run as a short readable YAML file, resumable, with the same functions behind it as the command line.

    name: letters
    about: one line
    jobs: 2                                     # steps that do not need each other run side by side
    set: {cutoff: 1900-12-31}                   # values that `--set cutoff=…` changes
    steps:
      corpus: {run: corpus import table, with: {inputs: [letters/], date_field: year}}
      locked: {run: corpus filter, with: {corpus: "${corpus}", cutoff: "${cutoff}"}}

Each step writes the folder of its name below the output folder; `${corpus}` is the folder of the step `corpus`, `${out}` the output folder.
A step is skipped when its command, its settings and the contents of its inputs are those of the last time, and its result is untouched.
"""

import inspect
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from chronolect import __version__
from chronolect.artifacts import MANIFEST, digest, digest_file, exclusive, plain, read_json, stage, write_json
from chronolect.commands import find_command
from chronolect.console import say
from chronolect.errors import UserError, did_you_mean
from chronolect.processes import end_with_parent

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_TOP_KEYS = ("name", "about", "jobs", "set", "steps")
_STEP_KEYS = ("run", "with", "show")


class _Loader(yaml.SafeLoader):
    """YAML in which a date stays the text it was: EDTF is wider than YAML's dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Step:
    """One step with everything filled in: `arguments` are those of the function, `needs` the steps whose results it reads."""

    name: str
    command: str
    arguments: dict[str, Any]
    root: Path
    needs: tuple[str, ...]
    show: bool

    @property
    def out(self) -> Path:
        """The folder of its result."""
        return self.root / self.name


@dataclass(frozen=True)
class Recipe:
    """A recipe, checked: every command, key and type is known to be right before the first step starts."""

    name: str
    about: str
    jobs: int
    steps: tuple[Step, ...]


def known_keys(command: str) -> dict[str, Any]:
    """The keys a command takes, with their types; the fields of a config dataclass count as keys of their own."""
    function = find_command(command).load()
    keys: dict[str, Any] = {}
    hints = get_type_hints(function)
    for name in inspect.signature(function).parameters:
        kind = hints[name]
        if is_dataclass(kind):
            kinds = get_type_hints(kind)
            keys.update({field.name: kinds[field.name] for field in fields(kind)})
        else:
            keys[name] = kind
    return keys


def _is_list(kind: Any) -> bool:
    """Whether a key takes a list, or a list or nothing."""
    origin = get_origin(kind)
    return origin in (list, Sequence) or (origin in (Union, UnionType) and any(map(_is_list, get_args(kind))))


def _typed(value: Any, kind: Any, where: str) -> Any:
    """A YAML value as the type of its key; a single value is taken for a list of one."""
    if _is_list(kind) and value is not None and not isinstance(value, list):
        value = [value]
    try:
        return TypeAdapter(kind, config=ConfigDict(coerce_numbers_to_str=True)).validate_python(value)
    except ValidationError as error:
        raise UserError(f"{where}: {error.errors()[0]['msg']}, found {value!r}") from None


def load_recipe(path: Path, *, out: Path, overrides: Mapping[str, str]) -> Recipe:
    """Read and check a recipe.

    Args:
        path: The YAML file.
        out: Where its steps write.
        overrides: `name` or `step.key` to a YAML value, as `--set` gives them.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise UserError(f"{path}: no such recipe") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("steps"), dict):
        raise UserError(f"{path}: a recipe needs the key steps with at least one step")
    _refuse_unknown(raw, _TOP_KEYS, f"{path}")
    values, steps = dict(raw.get("set") or {}), raw["steps"]
    for key, text in overrides.items():
        step, _, name = key.rpartition(".")
        value = yaml.load(text, Loader=_Loader)
        if not step:
            if name not in values:
                raise UserError(f'--set {key}: {path} has no value "{name}"{did_you_mean(name, values)}')
            values[name] = value
        elif step not in steps:
            raise UserError(f'--set {key}: {path} has no step "{step}"{did_you_mean(step, steps)}')
        else:
            steps[step].setdefault("with", {})[name] = value
    built: list[Step] = []
    for name, body in steps.items():
        built.append(_build_step(path, name, body, values=values, earlier=[step.name for step in built], out=out))
    jobs = _typed(raw.get("jobs", 1), int, f"{path}: jobs")
    return Recipe(str(raw.get("name", path.stem)), str(raw.get("about", "")), jobs, tuple(built))


def _refuse_unknown(found: Mapping[str, Any], known: Any, where: str) -> None:
    for key in found:
        if key not in known:
            raise UserError(f'{where}: unknown key "{key}"{did_you_mean(str(key), known)}')


def _build_step(path: Path, name: str, body: Any, *, values: Mapping[str, Any], earlier: list[str], out: Path) -> Step:
    where = f"{path}: {name}"
    if not isinstance(body, dict) or "run" not in body:
        raise UserError(f"{where}: a step needs the key run with the name of a command")
    _refuse_unknown(body, _STEP_KEYS, where)
    try:
        keys = known_keys(body["run"])
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if name in values:
        raise UserError(f"{where}: a step and a value have the same name")
    needs: list[str] = []

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(item) for item in value]
        if not isinstance(value, str):
            return value

        def look_up(match: re.Match[str]) -> str:
            word = match.group(1)
            head, slash, tail = word.partition("/")
            if word in values:
                return str(values[word])
            if word == "out":
                needs.extend(earlier)  # who reads the whole folder comes after all that fill it
                return str(out)
            if head in earlier:
                needs.append(head)
                return f"{out / head}{slash}{tail}"
            raise UserError(
                f"{where}: ${{{word}}} is no value and no earlier step{did_you_mean(head, [*values, *earlier])}"
            )

        whole = _REFERENCE.fullmatch(value)
        return values[whole.group(1)] if whole and whole.group(1) in values else _REFERENCE.sub(look_up, value)

    arguments: dict[str, Any] = {}
    given = body.get("with") or {}
    _refuse_unknown(given, keys, where)
    for key, value in given.items():
        arguments[key] = _typed(fill(value), keys[key], f"{where}: {key}")
    if "out" in keys:
        arguments["out"] = out / name
    if "resume_latest" in keys:
        arguments["resume_latest"] = True
    return Step(name, body["run"], arguments, out, tuple(dict.fromkeys(needs)), bool(body.get("show")))


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item)


def fingerprint(step: Step) -> dict[str, Any]:
    """What a result depends on: command, settings, version, the results of the steps it needs, and the contents of what else it is given."""
    needed = [step.root / need for need in step.needs]
    inputs: dict[str, Any] = {str(folder): digest(folder) for folder in needed}
    for key, value in step.arguments.items():
        for path in _paths(value):
            of_a_step = path == step.root or any(path.is_relative_to(folder) for folder in needed)
            if key != "out" and not of_a_step and path.exists():
                inputs[str(path)] = digest(path)
    return plain({"command": step.command, "arguments": step.arguments, "inputs": inputs, "version": __version__})


def is_done(step: Step, record: Mapping[str, Any]) -> bool:
    """Whether the recorded run of a step still holds: same fingerprint, result untouched."""
    manifest = step.out / MANIFEST
    found = record.get(step.name)
    return (
        found is not None
        and "manifest" in found  # it ended
        and manifest.is_file()
        and found["manifest"] == digest_file(manifest)
        and found["fingerprint"] == fingerprint(step)
    )


def call(command: str, arguments: Mapping[str, Any]) -> Any:
    """Call a command's function with flat keys, putting those of a config dataclass together."""
    function = find_command(command).load()
    hints = get_type_hints(function)
    rest, bound = dict(arguments), {}
    for name in inspect.signature(function).parameters:
        kind = hints[name]
        if is_dataclass(kind):
            bound[name] = kind(**{field.name: rest.pop(field.name) for field in fields(kind) if field.name in rest})  # type: ignore[operator]
    return function(**rest, **bound)


def _run_step(step: Step) -> Any:
    end_with_parent()
    if "out" in step.arguments:
        return call(step.command, step.arguments)
    with stage(step.out, command=step.command, config=step.arguments) as work:  # a step that only returns something
        result = call(step.command, step.arguments)
        write_json(work.folder / "result.json", result)
    return result


@contextmanager
def _threads_per_step(jobs: int) -> Iterator[None]:
    """Share the cores among steps that run side by side: workers inherit these variables at their start."""
    names = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "CHRONOLECT_THREADS", "TOKENIZERS_PARALLELISM")
    before = {name: os.environ.get(name) for name in names}
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    os.environ.update(dict.fromkeys(names[:3], threads) | {"TOKENIZERS_PARALLELISM": "true"})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def execute(recipe: Recipe, out: Path) -> dict[str, Any]:
    """Run the steps of a recipe in order of need, at most `recipe.jobs` at once, each in a process of its own; the results of those marked `show`."""
    record_path = out / "steps.json"
    with exclusive(out):
        out.mkdir(parents=True, exist_ok=True)
        record: dict[str, Any] = read_json(record_path) if record_path.exists() else {}
        waiting, done, shown = list(recipe.steps), set[str](), dict[str, Any]()
        seconds: dict[str, float] = {}
        while waiting:
            ready = [step for step in waiting if set(step.needs) <= done][: recipe.jobs]
            assert ready, waiting
            skipped = [step for step in ready if is_done(step, record)]
            for step in skipped:
                say(f"[{step.name}] unchanged, skipped")
                seconds[step.name] = 0.0
            todo = [step for step in ready if step not in skipped]
            if todo:
                for step in todo:
                    mark = fingerprint(step)
                    _keep_other_run(step, record.get(step.name), mark)
                    record[step.name] = {"fingerprint": mark}
                write_json(record_path, record)
                _run_side_by_side(todo, record, seconds)
                write_json(record_path, record)
            for step in ready:
                waiting.remove(step)
                done.add(step.name)
                if step.show:
                    shown[step.name] = record[step.name]["result"]
    return {"out": str(out), **shown, "seconds": {name: round(value, 1) for name, value in seconds.items()}}


def _keep_other_run(step: Step, before: Mapping[str, Any] | None, mark: Mapping[str, Any]) -> None:
    """Move a training run that began with other settings out of the way: it cannot be continued, and may have cost days."""
    if (
        "resume_latest" not in step.arguments
        or before is None
        or before["fingerprint"] == mark
        or not step.out.exists()
    ):
        return
    kept = next(
        folder for n in range(1, sys.maxsize) if not (folder := step.root / "replaced" / f"{step.name}-{n}").exists()
    )
    kept.parent.mkdir(exist_ok=True)
    step.out.rename(kept)
    say(f"[{step.name}] its settings or inputs changed; the earlier run is kept in {kept}")


def _run_side_by_side(steps: list[Step], record: dict[str, Any], seconds: dict[str, float]) -> None:
    context = multiprocessing.get_context("spawn")
    with (
        _threads_per_step(len(steps)),
        ProcessPoolExecutor(len(steps), mp_context=context, max_tasks_per_child=1) as pool,
    ):
        running = []
        for step in steps:
            say(f"[{step.name}] {step.command}")
            running.append((step, time.monotonic(), pool.submit(_run_step, step)))
        for step, started, future in running:
            try:
                result = future.result()
            except UserError as error:
                raise UserError(f"step {step.name}: {error}") from None
            except BrokenProcessPool:
                raise RuntimeError(
                    f"step {step.name}: its process was killed, perhaps for want of memory; run this again to continue"
                ) from None
            seconds[step.name] = time.monotonic() - started
            say(f"[{step.name}] done in {seconds[step.name]:.1f} s")
            record[step.name] |= {"manifest": digest_file(step.out / MANIFEST), "result": plain(result)}


def run_recipe(recipe: Path, *, out: Path | None = None, set: list[str] | None = None) -> dict[str, Any]:
    """Run a recipe; steps that are done already are skipped.

    Args:
        recipe: The YAML file.
        out: Where the steps write; `runs/NAME` by default.
        set: `name=value` or `step.key=value`, in place of what the recipe says; may be given several times.
    """
    overrides = {}
    for item in set or []:
        key, equals, value = item.partition("=")
        if not equals:
            raise UserError(f"--set {item}: expected name=value or step.key=value")
        overrides[key] = value
    target = out if out is not None else Path("runs") / recipe.stem
    return execute(load_recipe(recipe, out=target, overrides=overrides), target)
