"""`bin/bench routing [--seeds 12] [--quick]`: what approved assets cost, how fast it decides."""

from __future__ import annotations

import argparse
import time

from tests.bench.routing import economy, litellm_side, speed

FIRST_SEED = 1_000  # settings were tried on others


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(prog="bin/bench routing")
    parser.add_argument("--seeds", type=int, default=12, help="worlds a situation")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument(
        "--quick", action="store_true", help="3 worlds of 300 tasks, small catalogs"
    )
    parser.add_argument(
        "--install-litellm", action="store_true", help="into the user's cache, once"
    )
    options = parser.parse_args()
    if options.install_litellm:
        litellm_side.install()
    python = litellm_side.interpreter()
    count, tasks = (3, 300) if options.quick else (options.seeds, 1200)
    begun = time.monotonic()
    print(f"{count} made-up worlds a situation: 25 models, 4 stages, 12 kinds, {tasks} tasks.")
    if python is None:
        print(f"LiteLLM is not installed: its published rules stand in. {litellm_side.HOW}")
    else:
        side = litellm_side.Side(python)
        print(f"LiteLLM {side.version}: its own package picks ({python}).")
        side.close()
    print("\n".join(speed.printed(python, quick=options.quick)), flush=True)
    seeds = range(options.first_seed, options.first_seed + count)
    found = economy.tables(seeds, tasks=tasks, litellm=python)
    for situation in economy.SITUATIONS:
        print("\n".join(economy.printed(situation, found[situation.name])))
    print(
        "\nBatch: outputs a round; rivals are given the fixed one of 1, 2, 4 that is best for them "
        "on average, n=1 is\nhow they ship. The watch is idealised: the right models, "
        f"{economy.WATCH_DELAY_DAYS:g} days after the change."
    )
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
