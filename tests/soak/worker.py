"""One start of the soak's run: `python -m tests.soak.worker CONFIG WORKDIR`."""

import json
import sys
from pathlib import Path

from absl import logging

from cic_jax.configs import default
from cic_jax.train import record, train


def main() -> None:
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    record.LOG_SECONDS = -1.0  # a line for every step, so that the logs can be compared
    config = default.completed(json.loads(Path(sys.argv[1]).read_text()))
    train(config, sys.argv[2])


if __name__ == "__main__":
    main()
