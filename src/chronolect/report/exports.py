"""The section on exported files, each beside the model it was made from."""

from chronolect.report.formats import NOTHING, number, size
from chronolect.report.gather import RunData
from chronolect.report.page import Block, Column, Section, Table, Words


def exports_section(data: RunData) -> Section | None:
    """Every exported file beside the model it was made from."""
    stages = data.of("export gguf", "export merge")
    if not stages:
        return None
    rows, fallbacks = [], []
    for stage in stages:
        for kind, file in stage.manifest["counts"].get("files", {}).items():
            found = file.get("comparison")
            cells = [NOTHING] * 4
            if found:
                ids, greedy = found["token_ids"], found["greedy"]
                cells = [
                    f"{number(ids['equal'])} of {number(ids['n'])}",
                    f"{number(greedy['equal'])} of {number(greedy['n'])}",
                    number(found["relative_logit_error"], 4),
                    number(found["perplexity"]["ratio"], 4),
                ]
            types = ", ".join(
                f"{count} {name.lower()}" for name, count in sorted(file["types"].items(), key=lambda item: -item[1])
            )
            rows.append([f"{stage.name}/{file['file']}", size(file["bytes"]), types, *cells])
            if file["fallbacks"]:
                fallbacks.append(
                    f"{file['file']}: {len(file['fallbacks'])} of {file['tensors']} tensors could not be stored as {kind}, "
                    f"such as {file['fallbacks'][0]}."
                )
    blocks: list[Block] = []
    if rows:
        heads = ["Size", "Tensors", "Token ids equal", "Greedy tokens equal", "Logit error", "Perplexity ratio"]
        blocks.append(
            Table(
                "GGUF files, loaded in llama.cpp",
                [Column("File", False), *(Column(name, name != "Tensors") for name in heads)],
                rows,
            )
        )
        blocks += [Words(text, "note") for text in fallbacks]
        if any(row[3] == NOTHING for row in rows):
            blocks.append(Words("Files with dashes were written but not loaded and compared.", "missing"))
    merged = [(stage.name, stage.manifest["counts"]) for stage in stages if stage.command == "export merge"]
    if merged:
        columns = [
            Column("Folder", False),
            Column("Modules merged"),
            Column("Weights"),
            Column("Top tokens equal"),
            Column("Logit error"),
        ]
        rows = [
            [
                name,
                number(c["modules"]),
                number(c["parameters"]),
                f"{number(c['top_tokens']['equal'])} of {number(c['top_tokens']['n'])}",
                f"{c['relative_logit_error']:.1e}",
            ]
            for name, c in merged
        ]
        blocks.append(Table("Adapters merged into their models", columns, rows))
    intro = (
        "The model in the forms that other programs load, each compared with the original: token ids on strings of many kinds, "
        "the rest on plain sentences."
    )
    return Section("exports", "Exported files", intro, blocks)
