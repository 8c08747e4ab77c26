"""`eval timebench run`: what a model answers to each scenario, several times over, in the published files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chronolect import __version__
from chronolect.artifacts import exclusive
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.evaluation.generations import model_identity
from chronolect.evaluation.timebench.asking import Asker, Run, plan_runs
from chronolect.evaluation.timebench.gathering import gather
from chronolect.evaluation.timebench.records import Key
from chronolect.evaluation.timebench.scenarios import read_scenarios
from chronolect.evaluation.timebench.seeds import SEED, check_seed
from chronolect.evaluation.timebench.store import AnswerStore
from chronolect.models.chat_template import read_template, template_digest
from chronolect.models.language_model import DType, LanguageModel, Sampled, short_name
from chronolect.models.opening import open_model
from chronolect.models.sampling import Sampling

_LOCAL_MAX_TOKENS = 1024
_SHOWN = 5  # failures that the result names


def eval_timebench_run(
    model: str,
    *,
    scenarios: Path | None = None,
    out: Path | None = None,
    runs: int = 10,
    seed: int = SEED,
    temperature: float = 0.6,
    top_p: float = 0.95,
    top_k: int = 20,
    min_p: float | None = None,
    max_tokens: int | None = None,
    no_think: bool = False,
    burn_in: bool = True,
    concurrency: int = 8,
    limit: int | None = None,
    redo: list[int] | None = None,
    model_name: str | None = None,
    chat_template: str | None = None,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, Any]:
    """Ask a model every scenario of TIMEBench, or of a file of your own, several times.

    Seeds, decoding and the file are the published ones. Each answer is on disk as soon as it is there: a run that was cut off goes on with the same
    command, and comes to the same file. So does an unfinished published file that is given as --out; runs that got no answer are tried again.

    Args:
        model: What to ask: the address of an OpenAI-compatible server, a Hugging Face folder (or an adapter's), a .gguf file, or "dummy".
        scenarios: JSON file of scenarios; by default the project's own.
        out: File to write; by default Outputs/NAME_output.json, with -No-Thinking behind the name where --no-think is given.
        runs: How often each scenario is asked.
        seed: Seed from which the seed of each run is drawn.
        temperature: Of sampling; 0 takes the likeliest token.
        top_p: The likeliest tokens that together reach this probability are kept.
        top_k: So many of the likeliest tokens are kept; 0 for all, and for a server that does not know the setting.
        min_p: Tokens at least this share as likely as the likeliest are kept; by default nothing is sent.
        max_tokens: Longest answer; by default a server is not told any, and models here stop at 1,024.
        no_think: Put /no_think behind the user's last words, Qwen3's switch for answers without thoughts.
        burn_in: Before the first run of a scenario ask a server for one token, which is thrown away, so that every run finds its cache alike.
        concurrency: Requests in flight at once; a model here answers so many in one batch, and a kill loses one batch at most.
        limit: Ask only this many scenarios, spread evenly over the file; their seeds stay what they are.
        redo: Scenarios, counted from 0, whose stored answers are thrown away and asked for again.
        model_name: The model's name on the server; by default the only one it offers.
        chat_template: Chat template in place of the model's own: a file, or the name of a built-in one such as time (folders and files).
        dtype: Type of the weights in memory (folders only).
        device: cpu, cuda or auto (folders only).
        threads: Number of processor threads (folders and files).

    Returns:
        out, and counts: scenarios, answers, from_before (kept from an earlier run), failed, output_tokens, and the first failures.

    Raises:
        UserError: Flags out of range, broken scenarios, a file of other runs, a server that is gone.
    """
    for flag, count in (
        ("--runs", runs),
        ("--concurrency", concurrency),
        ("--max-tokens", max_tokens),
        ("--limit", limit),
    ):
        if count is not None and count < 1:
            raise UserError(f"{flag} {count}: at least 1")
    for flag, share in (("--top-p", top_p), ("--min-p", min_p)):
        if share is not None and not 0 <= share <= 1:
            raise UserError(f"{flag} {share}: from 0 to 1")
    if temperature < 0 or top_k < 0:
        raise UserError(f"--temperature {temperature}, --top-k {top_k}: each at least 0")
    check_seed(seed)
    everything = read_scenarios(scenarios)
    planned = plan_runs(everything, runs, seed)
    again = _checked(redo or [], len(everything))
    chosen = _spread(len(everything), limit) | again

    def opened() -> LanguageModel:
        return open_model(
            model, model_name=model_name, dtype=dtype, device=device, threads=threads, chat_template=chat_template
        )

    is_server = model.startswith(("http://", "https://"))
    server = opened() if is_server else None
    name = server.name if server is not None else short_name(model)
    most = max_tokens if is_server else max_tokens or _LOCAL_MAX_TOKENS
    file = out or Path("Outputs") / f"{_file_name(name)}{'-No-Thinking' if no_think else ''}_output.json"
    settings: dict[str, Any] = {
        # a server may come back at another address
        "model": name if is_server else model_identity(model),
        "runs": runs,
        "seed": seed,
        "temperature": temperature,
        "top_p": top_p,
        "top_k": top_k,
        "min_p": min_p,
        "max_tokens": most,
        "no_think": no_think,
        "chat_template": template_digest(read_template(chat_template)) if chat_template is not None else None,
        "dtype": dtype if not is_server and Path(model).is_dir() else None,
    }
    about = {"model": model, "name": name, "version": __version__}
    failures: dict[Key, str] = {}
    with exclusive(file), AnswerStore(file, planned, settings, about) as store:
        if again:
            store.forget(run for run in planned if run.place in again)
        pending = [run for run in planned if run.place in chosen and run.key not in store.records]
        before = len(store.records)
        if pending:
            sampling = Sampling(temperature=temperature, top_p=top_p, top_k=top_k or None, min_p=min_p)
            asked = server if server is not None else opened()
            asker = Asker(asked, pending, sampling, max_tokens=most, no_think=no_think, burn_in=burn_in)
            try:
                failures = _ask(asker, pending, store, concurrency=concurrency, is_server=is_server)
            except (UserError, KeyboardInterrupt) as error:
                kept = f"{len(store.records):,} of {len(planned):,} answers are kept; the same command{' without --redo' if again else ''} goes on"
                if isinstance(error, UserError):
                    raise UserError(f"{error}; {kept}") from None
                say(kept)
                raise
            finally:
                asked.close()
        store.finish(failures)
        records = list(store.records.values())
    return {
        "out": str(file),
        "scenarios": len(chosen),
        "answers": len(records),
        "from_before": before,
        "failed": len(failures),
        "output_tokens": sum(record.get("output_length", 0) for record in records),
        "failures": list(dict.fromkeys(failures.values()))[:_SHOWN],
    }


def _ask(
    asker: Asker, pending: Sequence[Run], store: AnswerStore, *, concurrency: int, is_server: bool
) -> dict[Key, str]:
    """Ask what is pending, on a server one run at a time and several at once, here batch by batch; why some got no answer."""
    together = 1 if is_server else concurrency
    batches = [pending[start : start + together] for start in range(0, len(pending), together)]
    failures: dict[Key, str] = {}

    def keep(batch: Sequence[Run], answers: list[Sampled | str]) -> None:
        for run, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Sampled):
                store.keep(run, answer)
            else:
                failures[run.key] = answer

    gather(batches, asker.ask, keep, workers=concurrency if is_server else 1, label="answers")
    return failures


def _checked(redo: Sequence[int], scenarios: int) -> set[int]:
    for place in redo:
        if not 0 <= place < scenarios:
            raise UserError(f"--redo {place}: no such scenario; they are counted from 0 to {scenarios - 1}")
    return set(redo)


def _spread(scenarios: int, limit: int | None) -> set[int]:
    """Places spread evenly over the file, whose scenarios lie category by category."""
    count = min(limit or scenarios, scenarios)
    return {place * scenarios // count for place in range(count)}


def _file_name(model: str) -> str:
    return model.replace("/", "_").removesuffix(".gguf")
