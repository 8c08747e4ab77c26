"""The training loop: one for all objectives."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from chronolect.artifacts import move_into_place
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.models.quantised import num_weights
from chronolect.training.checkpoints import (
    RunState,
    checkpoints,
    is_log_spaced,
    load_state,
    prune,
    restore,
    save_checkpoint,
    save_model,
)
from chronolect.training.companions import Companion
from chronolect.training.config import TrainingConfig
from chronolect.training.data import Rows, ValidationSet, count_items, count_targets
from chronolect.training.interrupts import Interrupted, graceful_stop
from chronolect.training.memory import memory_guard
from chronolect.training.metrics import JsonLines, flops_per_token, peak_flops
from chronolect.training.objectives import Objective
from chronolect.training.optimizer import make_optimizer
from chronolect.training.preparation import prepare
from chronolect.training.run_folder import RunFolder
from chronolect.training.samples import sample_texts
from chronolect.training.schedules import count_steps, count_warmup_steps, lr_multiplier
from chronolect.training.sharding import all_finite, clip_gradients, held_back, is_sharded, run_gathered
from chronolect.training.tracking import Trackers, require_trackers
from chronolect.training.validation import to_device, validate


class Loop:
    """One training run from where it stands to its end.

    Args:
        run: The open run folder; `run.resume` is the checkpoint whose weights `model` already has.
        accelerator: From `make_accelerator`.
        model: The model with its starting or resumed weights.
        tokenizer: Saved beside the weights; encodes the prompts of samples.
        objective: What to minimise.
        rows: The training rows.
        validation: Validation sets by name.
        config: The settings.
        counts: What the stage wants to see in the results beside the loop's own numbers.
        measure: Measures the trained model for the results; every process takes part.
        stop_below: End once a logged loss is below this, whatever is left of the steps that the schedule reckons with.
        companion: What goes along with the run.
    """

    def __init__(
        self,
        *,
        run: RunFolder,
        accelerator: Accelerator,
        model: PreTrainedModel | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        objective: Objective,
        rows: Rows,
        validation: Mapping[str, ValidationSet],
        config: TrainingConfig,
        counts: Mapping[str, Any] | None = None,
        measure: Callable[[torch.nn.Module], dict[str, Any]] | None = None,
        stop_below: float | None = None,
        companion: Companion | None = None,
    ) -> None:
        require_trackers(config)
        self.run_folder, self.accelerator, self.tokenizer = run, accelerator, tokenizer
        self.objective, self.rows, self.validation, self.config = objective, rows, validation, config
        self.counts = dict(counts or {})
        self.measure, self.stop_below = measure, stop_below
        self.companion = companion or Companion()
        self.precision = "bfloat16" if accelerator.mixed_precision == "bf16" else "float32"
        self.rows_per_step = config.batch_size * config.accumulate * accelerator.num_processes
        self.total_steps = count_steps(config, rows_per_epoch=rows.rows_per_epoch, rows_per_step=self.rows_per_step)
        self.warmup_steps = count_warmup_steps(config, self.total_steps)
        plain: Any = model.get_base_model() if isinstance(model, PeftModel) else model
        self.flops_per_token = flops_per_token(plain, config.seq_len)
        self.peak_flops = peak_flops(accelerator.device)
        self.model = prepare(model, config, accelerator)
        self.optimizer = make_optimizer(self.model, config)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.state = RunState()
        if run.resume:
            self.state = load_state(run.resume)
            restore(run.resume, accelerator=accelerator, model=self.model, optimizer=self.optimizer)
        self.companion.begin(run.resume)
        self.saved_at = -1
        self._said = time.monotonic()
        self._restore_sums()

    def run(self) -> dict[str, Any]:
        """Train to the end; returns the results that are also in `train_results.json` and `eval_results.json`.

        Raises:
            Interrupted: After Ctrl+C or SIGTERM, with a checkpoint saved.
            UserError: Where the loss is no longer a number.
        """
        folder, config = self.run_folder.folder, self.config
        if self.accelerator.is_main_process:
            self.run_folder.begin()
            self.metrics = JsonLines(folder / "metrics.jsonl", size=self.state.sizes.get("metrics.jsonl", 0))
            self.samples = JsonLines(folder / "samples.jsonl", size=self.state.sizes.get("samples.jsonl", 0))
            self.trackers = Trackers(config, folder=folder)
        self._announce()
        guard = memory_guard(config.as_dict(), processes=self.accelerator.num_processes, training=True)
        with graceful_stop() as stop, guard:
            if config.log_spaced and self.state.step == 0:
                self._save()
            self._mark = time.perf_counter()
            while not self._is_over():
                self._step()
                step = self.state.step
                self.companion.after_step(step)
                if step % config.log_every == 0:
                    self._log()
                with self._untimed():
                    if config.eval_every and step % config.eval_every == 0:
                        self._validate()
                    if config.sample_every and step % config.sample_every == 0:
                        self._sample()
                    self._observe()
                    if (config.save_every and step % config.save_every == 0) or (
                        config.log_spaced and is_log_spaced(step)
                    ):
                        self._save()
                    if self._should_stop(bool(stop)):
                        self._save()
                        raise Interrupted(f"{folder}: interrupted at step {step}; continue with --resume-latest")
            return self._finish()

    def _progress(self) -> float:
        """Part of the run done, 0 to 1, by steps or by the clock, whichever is ahead."""
        by_steps = self.state.step / self.total_steps if self.total_steps else 0.0
        by_clock = self.state.seconds / (60 * self.config.max_minutes) if self.config.max_minutes else 0.0
        return max(by_steps, by_clock)

    def _is_over(self) -> bool:
        if self.config.max_minutes:
            self._tick()
            if self.accelerator.num_processes > 1:  # the clocks of the processes differ: the first one's counts
                self.state.seconds = float(broadcast(torch.tensor(self.state.seconds, device=self.accelerator.device)))
        low_enough = self.stop_below is not None and self.state.loss is not None and self.state.loss < self.stop_below
        return low_enough or self._progress() >= 1.0

    def _step(self) -> None:
        """One optimizer step over `accumulate` micro-batches."""
        config, accelerator, state = self.config, self.accelerator, self.state
        batches = []
        for index in range(config.accumulate):
            start = state.position + (index * accelerator.num_processes + accelerator.process_index) * config.batch_size
            batches.append(self.rows.batch(start, config.batch_size))
        counts = [sum(count(batch) for batch in batches) for count in (count_items, count_targets)]
        if accelerator.num_processes > 1:
            counts = accelerator.reduce(torch.tensor(counts, device=accelerator.device)).tolist()
        num_items, num_tokens = max(1, counts[0]), counts[1]
        for index, batch in enumerate(batches):
            is_last = index == config.accumulate - 1
            with held_back(self.model, accelerator, hold=not is_last):
                with accelerator.autocast():
                    on_device = to_device(batch, accelerator.device, pinned=config.pin_memory)
                    loss, metrics = self.objective(self.model, {**on_device, "num_items": num_items})
                accelerator.backward(
                    loss * accelerator.num_processes
                )  # gradients are averaged over the processes; the loss is a sum
            for name, value in {"loss": loss.detach(), **metrics}.items():
                self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
        self.grad_norm = self._clip()
        lr = config.lr * self._lr_multiplier()
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.lr = lr
        state.step += 1
        state.position += self.rows_per_step
        state.tokens += num_tokens
        self._steps_since_log += 1
        self._tokens_since_mark += num_tokens

    def _clip(self) -> torch.Tensor:
        return clip_gradients(self.parameters, self.config.clip or math.inf)

    def _lr_multiplier(self) -> float:
        config = self.config
        warmup = self.warmup_steps / self.total_steps if self.total_steps else 0.0
        return lr_multiplier(
            config.schedule,
            step=self.state.step,
            progress=self._progress(),
            warmup_steps=self.warmup_steps,
            warmup_progress=min(1.0, warmup),
            min_ratio=config.min_lr_ratio,
            decay_fraction=config.decay_fraction,
        )

    def _tick(self) -> None:
        """Add the time since the last mark to the training time."""
        now = time.perf_counter()
        self.state.seconds += now - self._mark
        self._seconds_since_log += now - self._mark
        self._mark = now

    @contextmanager
    def _untimed(self) -> Iterator[None]:
        """Leave what happens inside out of the training time."""
        self._tick()
        yield
        self._mark = time.perf_counter()

    def _clear_sums(self) -> None:
        self._sums: dict[str, torch.Tensor] = {}
        self._steps_since_log = 0
        self._seconds_since_log = 0.0
        self._tokens_since_mark = 0

    def _restore_sums(self) -> None:
        self._clear_sums()
        sums = dict(self.state.since_log)
        self._steps_since_log = int(sums.pop("steps", 0))
        self.lr, self.grad_norm = sums.pop("lr", 0.0), torch.tensor(sums.pop("grad_norm", 0.0))
        own = float(self.accelerator.is_main_process)  # the sums are over all processes: the first one carries them on
        self._sums = {name: torch.tensor(own * value, device=self.accelerator.device) for name, value in sums.items()}

    def _log(self) -> None:
        """Write one training record: means since the one before."""
        sums = {name: float(self.accelerator.reduce(value)) for name, value in self._sums.items()}
        grad_norm = self._finite_grad_norm()
        self._tick()
        per_second = self._tokens_since_mark / self._seconds_since_log
        peak = self.peak_flops and self.peak_flops * self.accelerator.num_processes
        record: dict[str, Any] = {
            "kind": "train",
            "step": self.state.step,
            **{name: value / self._steps_since_log for name, value in sums.items()},
            "lr": self.lr,
            "grad_norm": grad_norm,
            "tokens": self.state.tokens,
            "epoch": self.state.position / self.rows.rows_per_epoch,
            "seconds": round(self.state.seconds, 3),
            "tokens_per_s": round(per_second, 1),
            "mfu": peak and round(per_second * self.flops_per_token / peak, 4),
        }
        self._record(**record)
        self.state.loss = record["loss"]
        self._clear_sums()
        self._say_progress(record)

    def _observe(self, *, last: bool = False) -> None:
        for record in self.companion.observe(self.state.step, self.model, last=last):
            self._record(**record)

    def _record(self, **record: Any) -> None:
        """Write one record to metrics.jsonl and to the trackers."""
        if self.accelerator.is_main_process:
            self.metrics.write(**record)
            self.trackers.log(record)

    def _finite_grad_norm(self) -> float:
        """The last step's gradient norm, which is no number from the first step on that the loss is none."""
        norm = float(self.grad_norm)
        if not math.isfinite(norm):
            self._give_up("the loss is no longer a number")
        return norm

    def _give_up(self, why: str) -> NoReturn:
        whole = [f" ({path.name} is from before)" for path in checkpoints(self.run_folder.folder)[-1:]]
        raise UserError(
            f"{self.run_folder.folder}: {why} at step {self.state.step}; try a lower --lr or more --warmup-steps"
            + "".join(whole)
        )

    def _validate(self) -> None:
        self.state.eval_results = validate(
            self.model,
            self.objective,
            self.validation,
            accelerator=self.accelerator,
            batch_size=self.config.batch_size,
            max_batches=self.config.eval_batches,
        )
        self.state.evaluated_at = self.state.step
        for split, result in self.state.eval_results.items():
            numbers = {key: result[key] for key in ("loss", "bits_per_byte")}
            self._record(kind="eval", step=self.state.step, split=split, **numbers)
            if self.accelerator.is_main_process:
                bits = "" if result["bits_per_byte"] is None else f", {result['bits_per_byte']:.3f} bits per byte"
                say(f"step {self.state.step:,}: {split} loss {result['loss']:.4f}{bits}")

    def _sample(self) -> None:
        self._finite_grad_norm()
        model = self.accelerator.unwrap_model(self.model)
        records = run_gathered(model, sample_texts, self.tokenizer, self.config, step=self.state.step)
        if self.accelerator.is_main_process:
            for record in records:
                self.samples.write(**record)

    def _save(self) -> None:
        """Write a checkpoint of this step, unless there is one."""
        folder = self.run_folder.folder / f"checkpoint-{self.state.step}"
        if self.saved_at == self.state.step:
            return
        self._check_weights()
        self.saved_at = self.state.step
        sums = {name: float(self.accelerator.reduce(value)) for name, value in self._sums.items()}
        last = {"steps": self._steps_since_log, "lr": self.lr, "grad_norm": float(self.grad_norm)}
        self.state.since_log = {**sums, **last}
        if self.accelerator.is_main_process:
            self.state.sizes = {"metrics.jsonl": self.metrics.size, "samples.jsonl": self.samples.size}
        save_checkpoint(
            folder,
            accelerator=self.accelerator,
            model=self.model,
            optimizer=self.optimizer,
            tokenizer=self.tokenizer,
            state=self.state,
            companion=self.companion,
        )
        if self.accelerator.is_main_process:
            prune(self.run_folder.folder, keep=self.config.keep, log_spaced=self.config.log_spaced)

    def _check_weights(self) -> None:
        """What is saved is sound: the last step's gradients were, and the weights are numbers."""
        self._finite_grad_norm()
        if not all_finite(self.parameters, self.accelerator):
            self._give_up("the weights are no longer numbers")

    def _should_stop(self, requested: bool) -> bool:
        if self.accelerator.num_processes == 1:
            return requested
        return bool(self.accelerator.reduce(torch.tensor(int(requested), device=self.accelerator.device)))

    def _finish(self) -> dict[str, Any]:
        """Validate, write `final/` and the results."""
        folder = self.run_folder.folder
        if self._steps_since_log:
            self._log()
        if self.validation and self.state.evaluated_at != self.state.step:
            self._validate()
        self._check_weights()
        self._observe(last=True)
        partial = folder / ".final.partial"
        partial.mkdir(exist_ok=True)
        save_model(partial, accelerator=self.accelerator, model=self.model, tokenizer=self.tokenizer)
        results: dict[str, Any] = {
            **self.counts,
            **(self.measure(self.accelerator.unwrap_model(self.model)) if self.measure else {}),
            "precision": self.precision,
            "steps": self.state.step,
            "tokens": self.state.tokens,
            "epochs": self.state.position / self.rows.rows_per_epoch,
            "loss": self.state.loss,
            "seconds": round(self.state.seconds, 3),
            "tokens_per_s": round(self.state.tokens / self.state.seconds, 1),
        }
        results |= self.companion.finish(self.model, results)
        self._record(kind="final", step=self.state.step, **results)
        if self.accelerator.is_main_process:
            self.trackers.finish()
            move_into_place(partial, folder / "final")
            self.run_folder.finish(results, self.state.eval_results)
        self.accelerator.wait_for_everyone()
        return {**results, "eval": self.state.eval_results}

    def _announce(self) -> None:
        """Say once what is trained on what."""
        if not self.accelerator.is_main_process:
            return
        total = sum(num_weights(p) for p in self.model.parameters())
        trained = sum(p.numel() for p in self.parameters)
        length = f"{self.total_steps:,} steps" if self.total_steps else f"{self.config.max_minutes:g} minutes"
        sharded = ", sharded" if is_sharded(self.config, self.accelerator) else ""
        say(
            f"training {trained:,} of {total:,} weights for {length} of {self.rows_per_step:,} rows of up to {self.config.seq_len:,} tokens on "
            f"{self.accelerator.num_processes} x {self.accelerator.device.type} in {self.precision}{sharded}"
        )

    def _say_progress(self, record: dict[str, Any]) -> None:
        """At most one line every ten seconds."""
        if not self.accelerator.is_main_process or time.monotonic() - self._said < 10:
            return
        self._said = time.monotonic()
        of_total = f" of {self.total_steps:,}" if self.total_steps else ""
        say(f"step {record['step']:,}{of_total}: loss {record['loss']:.4f}, {record['tokens_per_s']:,.0f} tokens/s")
