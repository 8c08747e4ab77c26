from pathlib import Path

from chronolect.report.gather import gather
from chronolect.report.page import Code, Listing, Table
from chronolect.report.provenance import command_line, provenance_section


def test_a_command_can_be_typed_again() -> None:
    arguments = {
        "corpus": "my corpus",
        "keep_side": "after",
        "limit": None,
        "inputs": ["a", "b"],
        "verify": False,
        "strict": True,
    }
    expected = (
        "chronolect corpus filter --corpus 'my corpus' --keep-side after --inputs a --inputs b --no-verify --strict"
    )
    assert command_line("corpus filter", arguments) == expected


def test_steps_commands_and_limits(run: Path) -> None:
    section = provenance_section(gather([run]), ["nobody looked at this"])
    steps = section.blocks[0]
    assert isinstance(steps, Table)
    assert ["locked", "train pretrain"] in [list(row[:2]) for row in steps.rows]
    (code,) = (block for block in section.blocks if isinstance(block, Code))
    assert f"chronolect corpus filter --corpus {run / 'everything'} --cutoff 1969-07-20" in code.text
    assert "# train pretrain, with the inputs" in code.text
    assert isinstance(section.blocks[-1], Listing)
    assert section.blocks[-1].items == ["nobody looked at this"]
