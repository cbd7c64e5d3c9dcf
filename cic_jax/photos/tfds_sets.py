"""Any image set that TFDS has prepared, by name, split anew by content.

The set's own splits are pooled. Examining a large set takes a while, so the result is kept in an
index; the photographs stay where they are.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from absl import logging

from cic_jax.photos import census, ilsvrc
from cic_jax.photos.builder import one_at_a_time, quiet
from cic_jax.photos.photographs import Photographs
from cic_jax.photos.split import SPLITS

MISTAKEN = (ValueError, KeyError, TypeError, AssertionError)  # of TFDS, for what names no set
DEFAULT_LABELS = {"imagenet2012": tuple(ilsvrc.VEHICLES)}  # where the config names none


@dataclass(frozen=True)
class NamedRecords(Sequence[Mapping[str, Any]]):
    """Chosen rows of a TFDS data source as records of 'image', 'name' and 'label'."""

    source: Sequence[Mapping[str, Any]]
    rows: Sequence[int]
    name_key: str | None
    label_key: str | None
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        return self.record(row, self.source[row])

    def record(self, row: int, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Translate a photograph of the set to the keys of this package."""
        name = raw[self.name_key].decode() if self.name_key else f"{row:07d}"
        return {"image": raw["image"], "name": name, "label": ", ".join(self.labels(raw))}

    def labels(self, raw: Mapping[str, Any]) -> list[str]:
        """Return the names of its classes; a set may give one, several, or -1 for none."""
        values = np.atleast_1d(raw[self.label_key] if self.label_key else [])
        return sorted({self.classes[value] for value in values if value >= 0})


def open_named(
    name: str, labels: Sequence[str], path: str, data_dir: Path
) -> dict[str, Photographs]:
    """Open the splits of the TFDS set `name`, prepared below `path` ('': TFDS's own folder).

    Photographs of any of the `labels` are kept; without labels all of them, but only the vehicles
    of imagenet2012. ValueError if TFDS does not know the set or a label, or if the set is not
    prepared or not readable without TensorFlow.
    """
    with quiet():
        builder = _prepared(name, path)
    records = _records(builder)
    wanted = tuple(labels) or DEFAULT_LABELS.get(builder.name, ())
    if unknown := set(wanted) - set(records.classes):
        raise ValueError(
            f"data.labels has {', '.join(sorted(unknown))}, which {name} does not; its labels "
            f"are {', '.join(records.classes) or 'none'}"
        )
    sizes = {split: info.num_examples for split, info in builder.info.splits.items()}
    key = repr((census.VERSION, sorted(sizes.items()), sorted(wanted)))
    digest = hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
    index_file = data_dir / "named" / builder.info.full_name / f"{digest}.json"
    if not index_file.exists():
        with one_at_a_time(data_dir):
            if not index_file.exists():  # another process may have made it meanwhile
                index_file.parent.mkdir(parents=True, exist_ok=True)
                complete = json.dumps(_index(records, wanted, builder.info.full_name))
                index_file.with_suffix(".new").write_text(complete)
                index_file.with_suffix(".new").replace(index_file)
    index = json.loads(index_file.read_text())
    logging.info("%s", census.summary(index["report"]))
    report = index["report"] | {"fingerprint": f"{builder.info.full_name}/{digest}"}
    return {
        split: Photographs(split, replace(records, rows=index["rows"][split]), report)
        for split in SPLITS
    }


def _prepared(name: str, path: str) -> tfds.core.DatasetBuilder:
    try:
        builder = tfds.builder(name, data_dir=Path(path).expanduser() if path else None)
    except ImportError as error:
        reason = str(error).splitlines()[-1]
        raise ValueError(f"TFDS cannot open {name} without TensorFlow: {reason}") from error
    except (tfds.core.DatasetNotFoundError, *MISTAKEN) as error:
        raise ValueError(
            "data.source must be 'synthetic_vehicles', 'imagenet_vehicles', 'folder' or the name "
            f"of a TFDS set such as 'imagenet2012' or 'voc/2012'; it is {name!r}"
        ) from error
    command = f"tfds.builder({name!r}, file_format='array_record').download_and_prepare()"
    if not builder.is_prepared():
        raise ValueError(
            f"{name} is not prepared in {builder.data_dir}: prepare it with {command}, or name in "
            "data.path the TFDS folder that holds it"
        )
    if builder.info.file_format.value != "array_record":
        raise ValueError(
            f"{builder.data_dir} is stored as {builder.info.file_format.value}, which only "
            f"TensorFlow reads at random: prepare it with {command}, or convert it with "
            "`tfds convert_format`"
        )
    return builder


def _records(builder: tfds.core.DatasetBuilder) -> NamedRecords:
    """Pool the rows of all splits; the types of the features identify the name and the label."""
    features = dict(builder.info.features.items())
    if not isinstance(features.get("image"), tfds.features.Image):
        raise ValueError(f"{builder.name} has no feature 'image'; it has {', '.join(features)}")
    classes = {}
    for key, feature in features.items():
        item = feature.feature if isinstance(feature, tfds.features.Sequence) else feature
        if isinstance(item, tfds.features.ClassLabel):
            classes[key] = tuple(item.names)
    label_key = next(iter(classes), None)
    texts = [key for key, feature in features.items() if isinstance(feature, tfds.features.Text)]
    source = builder.as_data_source("all", decoders={"image": tfds.decode.SkipDecoding()})
    return NamedRecords(
        source=source,
        rows=range(len(source)),
        name_key=next(iter(texts), None),
        label_key=label_key,
        classes=classes.get(label_key, ()),
    )


def _index(records: NamedRecords, wanted: Sequence[str], where: str) -> dict[str, Any]:
    """Take the census: the rows of each split in the source, and the report."""
    rows: list[int] = []

    def candidates() -> Iterator[census.Candidate]:
        for row, raw in enumerate(records.source):
            if not wanted or set(wanted) & set(records.labels(raw)):
                rows.append(row)
                record = records.record(row, raw)
                yield census.Candidate(record["name"], record["label"], record["image"])

    result = census.take(candidates(), where)
    splits = {split: [rows[place] for place in places] for split, places in result.splits.items()}
    return {"rows": splits, "report": result.report}
