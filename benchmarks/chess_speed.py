"""The import of chess games against python-chess reading headers and moves (`chess.pgn.read_game`) of the same file, in one run.

    python benchmarks/chess_speed.py ../shared/data/pgn-historic/Capablanca.pgn --times 8
    python benchmarks/chess_speed.py games.pgn --memory            # peak memory at one and ten times the file

The import is the whole of it: games told apart, copies looked for, moves played, prose made, Parquet written and synced. The file is
repeated `--times` times with other names of players, so that no game is a copy. The two take turns, `--repeats` times, and the best of each
counts; times are of the processor (of all processes) and of the clock.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import chess.pgn

from chronolect.corpus.engine import Engine
from chronolect.corpus.sources.chess import import_chess


def repeat(pgn: Path, times: int, target: Path) -> Path:
    """The games of a file several times over, each time of other players."""
    text = pgn.read_bytes()
    with open(target, "wb") as stream:
        for number in range(times):
            stream.write(text.replace(b'[White "', f'[White "X{number} '.encode()) + b"\n\n")
    return target


def read_all(pgn: Path) -> int:
    """Number of games that python-chess reads."""
    games = 0
    with open(pgn, encoding="utf-8", errors="replace") as stream:
        while chess.pgn.read_game(stream) is not None:
            games += 1
    return games


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def best(action: Callable[[], object], seconds: dict[str, float]) -> None:
    """Keep the best times of an action."""
    cpu, clock = cpu_seconds(), perf_counter()
    action()
    for name, spent in (("cpu", cpu_seconds() - cpu), ("clock", perf_counter() - clock)):
        seconds[name] = min(seconds.get(name, spent), spent)


def peak_mb(pgn: Path, out: Path) -> float:
    """Peak resident memory of an import in a process of its own."""
    command = [sys.executable, __file__, str(pgn), "--only-import", str(out)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pgn", type=Path)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="peak memory at one and ten times the file")
    parser.add_argument("--only-import", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_import:
        import_chess([options.pgn], out=options.only_import, engine=Engine(workers=1))
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        print(next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pgn = repeat(options.pgn, options.times, folder / "games.pgn")
        if options.memory:
            large = repeat(options.pgn, options.times * 10, folder / "large.pgn")
            peaks = {path.stat().st_size // 10**6: round(peak_mb(path, folder / "out")) for path in (pgn, large)}
            print(json.dumps({"peak_rss_mb_by_file_mb": peaks}, indent=2))
            return
        games = read_all(pgn)
        peer: dict[str, float] = {}
        ours: dict[int, dict[str, float]] = {1: {}, 2: {}}
        for _ in range(options.repeats):
            best(lambda: read_all(pgn), peer)
            for workers, seconds in ours.items():
                best(
                    lambda n=workers: import_chess([pgn], out=folder / "out", engine=Engine(workers=n)),  # type: ignore[misc]
                    seconds,
                )
    rows = {"python-chess read_game": peer} | {f"import, {workers} worker(s)": found for workers, found in ours.items()}
    print(f"{games:,} games, {pgn.name}, best of {options.repeats}")
    print(f"{'':28}{'games/s (cpu)':>16}{'ratio':>8}{'games/s (clock)':>18}{'ratio':>8}")
    for name, seconds in rows.items():
        per_cpu, per_clock = games / seconds["cpu"], games / seconds["clock"]
        ratios = peer["cpu"] / seconds["cpu"], peer["clock"] / seconds["clock"]
        print(f"{name:28}{per_cpu:>16.0f}{ratios[0]:>8.2f}{per_clock:>18.0f}{ratios[1]:>8.2f}")


if __name__ == "__main__":
    main()
