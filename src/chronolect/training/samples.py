"""Text samples during training."""

from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from chronolect.training.config import TrainingConfig


def sample_texts(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, config: TrainingConfig, *, step: int
) -> list[dict[str, Any]]:
    """Continue each prompt once; the run's own random state is left as it was."""
    generator: Any = model
    device = next(model.parameters()).device
    records = []
    was_training = model.training
    model.eval()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.no_grad(), torch.compiler.set_stance("force_eager"):
        torch.manual_seed(config.seed + step)
        for prompt in config.sample_prompts:
            start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
            prompt_ids = torch.tensor([start + tokenizer.encode(prompt, add_special_tokens=False)], device=device)
            sampling = (
                {"do_sample": True, "temperature": config.sample_temperature, "top_p": 0.9}
                if config.sample_temperature
                else {"do_sample": False}
            )
            output = generator.generate(
                prompt_ids,
                attention_mask=torch.ones_like(prompt_ids),
                max_new_tokens=config.sample_tokens,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
                **sampling,
            )
            text = tokenizer.decode(output[0, prompt_ids.shape[1] :], skip_special_tokens=True)
            records.append({"step": step, "prompt": prompt, "text": text})
    model.train(was_training)
    return records
