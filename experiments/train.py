"""Train a model.

    python experiments/train.py --config=configs/simplified.py --workdir=runs/simplified

Any value of the config can be set on the command line (--config.train.epochs=10); rerun the
command to resume where it stopped.
"""

from cic_jax import startup

with startup.imports(__name__):
    from absl import flags

    from cic_jax import entry, hosts
    from cic_jax.study import mistakes
    from cic_jax.train import profile, train

CONFIG = entry.define_config(None)
WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
DISTRIBUTED = flags.DEFINE_bool(
    "distributed",
    False,
    "Train together with the other hosts of a cluster (Slurm, Open MPI, Kubernetes, TPU), each of "
    "which runs this command with one --workdir that all of them share; see docs/cluster.md.",
)
COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of the first host, where its variables do not say it."
)
HOSTS = flags.DEFINE_integer("hosts", None, "Number of hosts, where its variables do not say it.")
HOST = flags.DEFINE_integer("host", None, "Number of this host, from 0.")
RESUME_ANYWAY = flags.DEFINE_bool(
    "resume_anyway",
    False,
    "Go on although photographs, config, code or devices have changed since the run began, and "
    "record what has.",
)
PROFILE_STEPS = flags.DEFINE_string(
    "profile_steps",
    "",
    "A:B traces steps A to B - 1, counted from 0, into <workdir>/profile for TensorBoard.",
)
flags.mark_flag_as_required("config")
flags.register_validator("workdir", bool, "it must name a directory")


def main() -> None:
    """Train, and print the last validation metrics."""
    place = hosts.find(COORDINATOR.value, HOSTS.value, HOST.value, distributed=DISTRIBUTED.value)
    with hosts.joined(place), entry.refusals():
        metrics = train(
            CONFIG.value,
            WORKDIR.value,
            **mistakes.HOOKS,
            resume_anyway=RESUME_ANYWAY.value,
            profile_steps=profile.parse(PROFILE_STEPS.value),
        )
        if not metrics:
            print(f"{WORKDIR.value}: no validation yet")
            return
        print("  ".join(f"{name} {value:.4g}" for name, value in metrics.items()))


if __name__ == "__main__":
    entry.run(main)
