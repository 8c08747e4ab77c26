"""`data persona`: passages in, conversations with a persona out, none of which says what nobody could say on its day."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import stage, write_json
from chronolect.console import progress, say
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.holdout import HeldOut
from chronolect.errors import UserError
from chronolect.finetuning.gate import Gate
from chronolect.finetuning.journal import Journal
from chronolect.finetuning.persona.conversations import MOST_TURNS, Assignment, Conversation, converse
from chronolect.finetuning.persona.passages import Passage, read_passages
from chronolect.finetuning.persona.personas import Persona, load_personas
from chronolect.finetuning.persona.plan import Extras, Plan, passage_rows
from chronolect.finetuning.persona.rows import CAPPED, Rows
from chronolect.finetuning.persona.teacher import PROMPT_VERSION, Teacher
from chronolect.models.server import ServerModel
from chronolect.timeline import Cutoff

Writer = Callable[[Assignment], Conversation | None]


def write_personas(
    passages: Path,
    *,
    out: Path,
    personas: list[str] | None = None,
    cutoff: str = "",
    per_passage: Annotated[int, Parameter(name=("--per-passage", "--examples-per-chunk"))] = 2,
    turns: int = 3,
    plain_share: float = 0.25,
    unknown_share: float = 0.1,
    fact_share: float = 0.1,
    cap: int | None = None,
    persona_cap: int | None = None,
    share: float = 1.0,
    max_passages: Annotated[int | None, Parameter(name=("--max-passages", "--max-chunks"))] = None,
    min_chars: int = 100,
    max_chars: int = 1_500,
    val_ratio: float = 0.1,
    tokenizer: Path | None = None,
    teacher_url: Annotated[str | None, Parameter(name=("--teacher-url", "--lmstudio-url"))] = None,
    teacher_model: Annotated[str | None, Parameter(name=("--teacher-model", "--lmstudio-model"))] = None,
    temperature: float = 0.8,
    max_tokens: int = 1_024,
    budget_tokens: int | None = None,
    concurrency: int = 8,
    timeout: float = 120.0,
    seed: int = 42,
) -> dict[str, Any]:
    """Make conversations with a persona from passages of text, for `train sft`: `train.jsonl` and `val.jsonl`.

    Without a teacher the answers are sentences of the passage between the persona's own words; with one, a model behind an OpenAI-compatible
    address writes them in the persona's manner. Beside them stand plain twins (the same questions, answered without the persona), questions
    about what the persona cannot know, and questions about what it does know, from the chronicle. Every row is held against the persona's
    day; those that name what came later go to `dropped.jsonl` with the reason. A teacher's conversations
    are kept beside the result, in OUT.answers.jsonl, so that a killed run goes on where it was.

    Args:
        passages: Folder of a corpus (of chunks, as a rule), or a file of JSON lines with `text` and, where known, `chunk_id`, `source_id`,
            `source_title`, `written` (EDTF) and `themes`.
        out: Folder to write to.
        personas: Names of personas or families of the package, or YAML files; the Deep Red family by default.
        cutoff: Last day that the model to be tuned may know: a persona of a later day is refused.
        per_passage: Conversations made of a passage, each with another persona as far as there are several.
        turns: Most questions in a conversation (1 to 4); each has between one and so many.
        plain_share: Share of the conversations that get a plain twin.
        unknown_share: Questions about what the persona cannot know, for each conversation.
        fact_share: Questions about facts of the chronicle that it does know, for each conversation.
        cap: Most target tokens (those of the answers) from one book.
        persona_cap: Most target tokens of one persona.
        share: Share of the passages that is used, drawn by their text.
        max_passages: Stop after so many passages.
        min_chars: Shorter passages are passed over.
        max_chars: Characters of a passage that are used, from its beginning.
        val_ratio: Share of the books that is held out for `val.jsonl`.
        tokenizer: Tokenizer folder to count tokens with; an estimate without one.
        teacher_url: Address of the teacher's server, up to and with /v1. The key, if it wants one, is read from OPENAI_API_KEY.
        teacher_model: Name of the teacher there; by default the only model it offers.
        temperature: Of the teacher's sampling.
        max_tokens: Longest reply of the teacher.
        budget_tokens: Ask no more once so many tokens have been spent, those of earlier runs included.
        concurrency: Conversations asked for at once.
        timeout: Seconds to wait for a reply.
        seed: Another seed makes other choices.

    Returns:
        Counts: passages, conversations asked for, rows kept and dropped by reason, and the target tokens by kind, persona and source.

    Raises:
        UserError: No passages, an unknown persona, a number out of its range, or no row left.
    """
    config = {name: value for name, value in locals().items() if name not in ("passages", "out", "tokenizer")}
    if not 1 <= turns <= MOST_TURNS:
        raise UserError(f"--turns {turns}: from 1 to {MOST_TURNS}")
    for flag, value in (("plain", plain_share), ("unknown", unknown_share), ("fact", fact_share)):
        if not 0 <= value <= 1:
            raise UserError(f"--{flag}-share {value}: choose a share between 0 and 1")
    if per_passage < 1 or concurrency < 1:
        raise UserError("--per-passage and --concurrency: give a number above 0")
    if teacher_url is None and (teacher_model is not None or budget_tokens is not None):
        raise UserError("--teacher-model and --budget-tokens need --teacher-url")
    chosen = load_personas(personas or [])
    held_out = HeldOut(val_ratio, seed)
    drawn = None if share == 1 else HeldOut(share, seed)
    gate = Gate(min(persona.cutoff for persona in chosen))
    for persona in chosen:
        _check(persona, Cutoff.parse(cutoff) if cutoff else persona.cutoff, gate)
    counter = Encoder(tokenizer) if tokenizer is not None else None
    config |= {"personas": [persona.model_dump(mode="json") for persona in chosen], "prompt": PROMPT_VERSION}
    del config["concurrency"], config["timeout"]  # they change nothing in the result
    inputs = [passages, *([tokenizer] if tokenizer is not None else [])]
    with ExitStack() as open_things:
        model = None
        if teacher_url is not None:
            model = ServerModel(teacher_url, teacher_model, timeout_s=timeout)
            config["teacher_model"] = model.name
        work = open_things.enter_context(stage(out, command="data persona", config=config, inputs=inputs))
        writer: Writer = converse
        if model is not None:
            journal = open_things.enter_context(Journal(out.with_name(f"{out.name}.answers.jsonl")))
            writer = Teacher(model, journal, max_tokens, temperature, budget_tokens)
        plan = Plan(chosen, per_passage, turns, plain_share, seed)
        extras = Extras(chosen, {"unknown": unknown_share, "fact": fact_share}, plain_share, seed)
        generator = "template" if model is None else model.name
        counts: Counter[str] = Counter()
        found = _wanted(passages, min_chars, max_chars, drawn, max_passages, counts)
        with Rows(work.folder, gate, held_out, counter, cap, persona_cap) as rows:
            for assignment, conversation in _in_order(writer, plan.assign(found, counts), rows, concurrency):
                if conversation is None:
                    counts["unasked"] += 1
                elif rows.add(passage_rows(assignment, conversation, generator), conversation.problem):
                    for control in extras.after(assignment):
                        rows.add(control)
        if not counts["passages"]:
            raise UserError(f"{passages}: no passage of at least --min-chars {min_chars} characters")
        statistics = dict(counts) | rows.statistics()
        if not rows.kept:
            raise UserError(f"{passages}: no row is left ({statistics['dropped']}); choose other passages or personas")
        if not statistics["val"]:
            say("no book fell into val.jsonl: raise --val-ratio, or give more books")
        write_json(work.folder / "statistics.json", statistics)
        work.counts = statistics
    if counts["unasked"]:
        say(f"{counts['unasked']:,} conversations were not asked for: the budget is spent; give a larger one to go on")
    return statistics


def _check(persona: Persona, cutoff: Cutoff, gate: Gate) -> None:
    """Refuse a persona that knows more than it may, or is told in its system message what it cannot know."""
    if persona.cutoff > cutoff:
        raise UserError(f"--cutoff {cutoff}: the persona {persona.name} lives on {persona.cutoff}; choose others")
    if found := gate(persona.system, persona.cutoff):
        raise UserError(f"the persona {persona.name}: its system message is past its day {persona.cutoff}: {found[0]}")


def _wanted(
    path: Path, min_chars: int, max_chars: int, drawn: HeldOut | None, most: int | None, counts: Counter[str]
) -> Iterator[Passage]:
    """The passages to use, cut at the end of a word."""
    for passage in progress(read_passages(path), label="making conversations"):
        if counts["passages"] == most:
            return
        if len(passage.text) < min_chars or (drawn is not None and not drawn(passage.text)):
            continue
        counts["passages"] += 1
        text = passage.text
        if len(text) > max_chars:
            text = text[: max_chars + 1].rsplit(maxsplit=1)[0]
        yield Passage(passage.id, passage.source_id, passage.title, text, passage.written, passage.themes)


def _in_order(
    writer: Writer, assignments: Iterator[Assignment], rows: Rows, ahead: int
) -> Iterator[tuple[Assignment, Conversation | None]]:
    """Each assignment with what the writer makes of it, in order, though several are at work at once. Of a book or persona that has its fill
    nothing is asked.
    """
    if writer is converse:
        for assignment in assignments:
            yield assignment, writer(assignment)
        return
    waiting: deque[tuple[Assignment, Future[Conversation | None]]] = deque()
    nothing: Future[Conversation | None] = Future()
    nothing.set_result(Conversation(problem=CAPPED))
    with ThreadPoolExecutor(ahead) as pool:
        try:
            for assignment in assignments:
                full = rows.is_full(assignment.passage.source_id, assignment.persona.name)
                waiting.append((assignment, nothing if full else pool.submit(writer, assignment)))
                if len(waiting) >= 2 * ahead:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
