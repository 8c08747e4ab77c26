import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from chronolect.artifacts import (
    digest,
    exclusive,
    is_current,
    move_into_place,
    read_json,
    restore_interrupted,
    source_commit,
    stage,
    write_bytes,
    write_json,
)
from chronolect.errors import UserError


def make(out: Path, text: str = "result", **config: object) -> None:
    with stage(out, command="test", config=config) as work:
        (work.folder / "file.txt").write_text(text)
        work.counts["files"] = 1


def test_a_stage_appears_whole_with_its_manifest(tmp_path: Path) -> None:
    make(tmp_path / "out", level=3)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["command"] == "test"
    assert manifest["config"] == {"level": 3}
    assert manifest["counts"] == {"files": 1}
    assert manifest["packages"]["numpy"]
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")) == ["out"]


def test_a_failed_stage_leaves_the_old_result(tmp_path: Path) -> None:
    make(tmp_path / "out", "old")

    def fail() -> None:
        with stage(tmp_path / "out", command="test", config={}) as work:
            (work.folder / "file.txt").write_text("new")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail()
    assert (tmp_path / "out" / "file.txt").read_text() == "old"
    assert not (tmp_path / ".out.partial").exists()


def test_is_current_follows_command_config_inputs(tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("a")

    def run() -> None:
        with stage(tmp_path / "out", command="test", config={"n": 1}, inputs=[source]):
            pass

    run()
    assert is_current(tmp_path / "out", command="test", config={"n": 1}, inputs=[source])
    assert not is_current(tmp_path / "out", command="test", config={"n": 2}, inputs=[source])
    assert not is_current(tmp_path / "out", command="other", config={"n": 1}, inputs=[source])
    source.write_text("b")
    assert not is_current(tmp_path / "out", command="test", config={"n": 1}, inputs=[source])


def test_the_same_content_has_the_same_digest_wherever_it_lies(tmp_path: Path) -> None:
    make(tmp_path / "one")
    make(tmp_path / "two")
    make(tmp_path / "three", "other")
    assert digest(tmp_path / "one") == digest(tmp_path / "two") != digest(tmp_path / "three")
    with pytest.raises(UserError, match="no such file or folder"):
        digest(tmp_path / "none")


def test_two_runs_on_one_folder(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "out"),
        pytest.raises(UserError, match=f"another run .process {os.getpid()}. is writing here"),
    ):
        make(tmp_path / "out")
    make(tmp_path / "out")  # free again


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match=r"none\.txt: no such file"),
        stage(tmp_path / "out", command="t", config={}, inputs=[tmp_path / "none.txt"]),
    ):
        pass


def test_killed_between_the_renames_the_old_version_comes_back(tmp_path: Path) -> None:
    make(tmp_path / "out", "old")
    os.rename(tmp_path / "out", tmp_path / ".out.old")
    restore_interrupted(tmp_path / "out")
    assert (tmp_path / "out" / "file.txt").read_text() == "old"


def test_move_into_place_replaces(tmp_path: Path) -> None:
    make(tmp_path / "out", "old")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "file.txt").write_text("new")
    move_into_place(tmp_path / "new", tmp_path / "out")
    assert (tmp_path / "out" / "file.txt").read_text() == "new"
    assert not (tmp_path / ".out.old").exists()


def test_write_bytes_keeps_the_old_file_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"a": 1})
    program = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from chronolect.artifacts import write_bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        write_bytes(Path({str(path)!r}), b"x" * 5000)
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "File too large" in done.stderr
    assert read_json(path) == {"a": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["file.json"]


def test_killed_in_mid_stage_then_run_again(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from chronolect.artifacts import stage
        with stage(Path({str(tmp_path / "out")!r}), command="test", config={{}}) as work:
            (work.folder / "half.txt").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    make(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["file.txt", "manifest.json"]


def test_broken_json_is_a_user_error(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.json", b'{"a": ')
    with pytest.raises(UserError, match=r"a\.json: not valid JSON"):
        read_json(tmp_path / "a.json")
    with pytest.raises(UserError, match=r"b\.json: no such file"):
        read_json(tmp_path / "b.json")


def test_a_full_disk_is_one_line_and_leaves_the_old_result(tmp_path: Path) -> None:
    make(tmp_path / "out", "old")
    program = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from chronolect.artifacts import stage
        from chronolect.errors import UserError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            with stage(Path({str(tmp_path / "out")!r}), command="test", config={{}}) as work:
                (work.folder / "file.txt").write_bytes(b"x" * 5000)
        except UserError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "no room left on the disk" in done.stdout
    assert (tmp_path / "out" / "file.txt").read_text() == "old"


def test_the_commit_is_of_the_packages_own_checkout_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> str:
        said = subprocess.run(["git", "-C", tmp_path, *words], capture_output=True, text=True, check=True)
        return said.stdout.strip()

    git("init", "-q")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first")
    own = tmp_path / "src" / "chronolect"
    installed = tmp_path / ".venv" / "site-packages" / "chronolect"  # in the repository of somebody else
    for folder in (own, installed):
        folder.mkdir(parents=True)
    monkeypatch.setattr("chronolect.artifacts.__file__", str(own / "artifacts.py"))
    assert source_commit() == git("rev-parse", "HEAD")
    monkeypatch.setattr("chronolect.artifacts.__file__", str(installed / "artifacts.py"))
    assert source_commit() is None
    monkeypatch.setenv("PATH", str(tmp_path))  # no git
    assert source_commit() is None
