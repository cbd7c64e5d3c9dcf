"""Try the Dockerfile without Docker: its RUN lines, on what it copies, in a folder of their own.

    python -m tests.dockerfile

Needs the network, and minutes. `docker build` does more than this: its base image is another.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, comments left out."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    text = text.replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line]


def of(kind: str) -> list[str]:
    return [arguments for name, arguments in instructions() if name == kind]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source = root / "source"
        files = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout.split("\0")
        for name in filter(None, files):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-P", ROOT / name, source / name], check=True)
        (root / "bin").mkdir()
        (root / "bin" / "python").symlink_to(sys.executable)  # that of the base image
        clean = {"HOME": folder, "PATH": f"{root}/bin:/usr/bin:/bin"}
        kept = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        arguments = dict(argument.split("=", 1) for argument in of("ARG"))
        for line in (run.replace("/opt/", f"{folder}/opt/") for run in of("RUN")):
            print("RUN", line, flush=True)
            subprocess.run(
                ["sh", "-ec", line], cwd=source, env=clean | kept | arguments, check=True
            )
        command = f"{folder}/opt/cic-jax/bin/cic-jax"
        photograph, result = root / "photograph.png", root / "coloured.png"
        script = "from PIL import Image; Image.radial_gradient('L').save('photograph.png')"
        subprocess.run([f"{folder}/opt/cic-jax/bin/python", "-c", script], cwd=root, check=True)
        subprocess.run([command, "colorize", photograph, "-o", result], env=clean, check=True)
        assert result.stat().st_size > 0
        print("the command is installed and colours")


if __name__ == "__main__":
    main()
