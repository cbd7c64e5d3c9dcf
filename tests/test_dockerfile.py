"""The Dockerfile says what there is to copy, install and run; `tests.dockerfile` tries it."""

import json
import subprocess
import tomllib

from commands import ROOT

from tests import dockerfile


def test_what_the_dockerfile_names_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (entry,), (extras,) = dockerfile.of("ENTRYPOINT"), dockerfile.of("ARG")
    assert json.loads(entry)[0] in project["scripts"]
    assert set(extras.partition("=")[2].split(",")) <= set(project["optional-dependencies"])
    for line in dockerfile.of("RUN"):
        subprocess.run(["sh", "-n", "-c", line], check=True)
    assert any("requirements.lock" in line for line in dockerfile.of("RUN"))
    assert dockerfile.instructions()[0][0] == "FROM"
