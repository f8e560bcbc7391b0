"""``python -m turbomode_assets_tests.fuzzing``: feed every entrance, and count.

What was counted is written into ``docs/reliability.md``.
"""

import argparse

from turbomode_assets_tests import reliability_page
from turbomode_assets_tests.fuzzing import entrances, guided

SEED = 1


def main() -> None:
    """Feed the inputs of the tests, or a multiple of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="as many as the tests")
    asked = parser.parse_args()
    for entrance in entrances.ALL:
        fed = guided.Guided(entrance, SEED)
        fed.feed(asked.times * entrance.n_inputs)
        found = {
            "inputs": fed.n_inputs,
            "understood": fed.n_understood,
            "kept": len(fed.kept),
            "lines": fed.n_lines,
        }
        reliability_page.tell("inputs", entrance.name, found)


if __name__ == "__main__":
    main()
