"""Commands that make data to tune on, train models and write them out."""

from chronolect.commands.command import Command

MAKING = (
    Command(
        "data probes",
        "chronolect.chronicle.probes:write_probes",
        "Write the horizon probes of the chronicle.",
        "chronolect data probes --out probes",
    ),
    Command(
        "data chat",
        "chronolect.chronicle.chat:write_chat",
        "Write question-and-answer conversations from the chronicle, for `train sft`.",
        "chronolect data chat --cutoff 1969-07-20 --out chat",
    ),
    Command(
        "data qa",
        "chronolect.finetuning.qa.command:make_qa",
        "Make questions from before a cutoff, to be answered, and from after it, to be declined.",
        "chronolect data qa --cutoff 1969-07-20 --styles era-native --out datasets",
    ),
    Command(
        "data persona",
        "chronolect.finetuning.persona.command:write_personas",
        "Make conversations in the voice of a persona from passages.",
        "chronolect data persona corpus/themed --personas deep-red --out persona",
    ),
    Command(
        "data dialogue",
        "chronolect.dialogue.generate.command:make_dialogues",
        "Make dialogues about time with computed answers: for each phase of the curriculum, and held-out tests.",
        "chronolect data dialogue --kinds elapsed deadline invalid tick --out dialogues",
    ),
    Command(
        "data check",
        "chronolect.chronicle.check:check_chronicle",
        "Check chronicle files: form, duplicates, contradictions, leaks of the year into a question.",
        "chronolect data check",
    ),
    Command(
        "dialogue split",
        "chronolect.dialogue.split:split",
        "Split the phases of the TIME curriculum into training and test files, with system prompts and replay.",
        "chronolect dialogue split --phase1 phase1.json --phase2 phase2.json --phase3 phase3.json --phase4 phase4.json --out split",
    ),
    Command(
        "dialogue unordered",
        "chronolect.dialogue.unordered:unordered",
        "Put the conversations of all phases into one, shuffled: the control of the curriculum.",
        "chronolect dialogue unordered split --passes 3 3 3 40 --out unordered",
    ),
    Command(
        "dialogue stats",
        "chronolect.dialogue.stats:stats",
        "Count turns, ticks, think blocks, stamps and lengths.",
        "chronolect dialogue stats phase1.json phase4.json --tokenizer models/qwen3",
    ),
    Command(
        "dialogue render",
        "chronolect.dialogue.render:render",
        "Print conversations as the model reads them, or as people do.",
        "chronolect dialogue render phase4.json --limit 2 --hide-thoughts",
    ),
    Command(
        "dialogue convert",
        "chronolect.dialogue.convert:convert",
        "Write conversations as a phase list, JSON lines or ChatML text.",
        "chronolect dialogue convert talks.jsonl --to phases --out talks.json",
    ),
    Command(
        "train pretrain",
        "chronolect.training.pretrain:train_pretrain",
        "Train a model from scratch on a packed corpus, or continue one with --model.",
        "chronolect train pretrain packed/before-1901 --preset 30m --epochs 4 --out runs/locked",
    ),
    Command(
        "train sft",
        "chronolect.training.sft:train_sft",
        "Tune a model on conversations.",
        "chronolect train sft chat/train.jsonl --model runs/locked/final --lora-r 16 --out runs/chat",
    ),
    Command(
        "train unlearn",
        "chronolect.training.unlearn:train_unlearn",
        "Make a model forget what came after a cutoff and keep the rest.",
        "chronolect train unlearn --model Qwen/Qwen2.5-1.5B-Instruct --data datasets --method npo --out runs/unlearned",
    ),
    Command(
        "train curriculum",
        "chronolect.curriculum.command:train_curriculum",
        "The four phases of dialogue time, one after another, each merged before the next.",
        "chronolect train curriculum --preset qwen3-4b --data split --out runs/time-4b",
    ),
    Command(
        "train formation",
        "chronolect.formation.online.command:train_formation",
        "Train like `train pretrain`, and follow the model's features on the way.",
        "chronolect train formation packed --preset 5m --max-steps 4000 --log-spaced --update-frequency 4 --out runs/followed",
    ),
    Command(
        "export merge",
        "chronolect.export.merge:export_merge",
        "Fold an adapter into its model and compare the logits.",
        "chronolect export merge runs/chat/final --out runs/merged",
    ),
    Command(
        "export gguf",
        "chronolect.export.gguf:export_gguf",
        "Write GGUF files, load them in llama.cpp and compare.",
        "chronolect export gguf runs/locked/final --quant q8_0 --quant q4_k_m --out runs/gguf",
    ),
    Command(
        "export fp8",
        "chronolect.export.fp8:export_fp8",
        "Write a folder in FP8 for vLLM, read back and compared.",
        "chronolect export fp8 --model runs/merged",
    ),
)
