"""The source `synthetic_vehicles`: scenes drawn by code, with paint from a known distribution.

Every example records the truth about its vehicles: where their paint is, the colour drawn and the
mixture it was drawn from, so that the plausibility of any prediction can be computed exactly (see
`cic_jax.scenes.paint`).
"""

import dataclasses
import io
import zlib
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow_datasets as tfds
from jaxtyping import UInt8, UInt64
from PIL import Image
from tqdm import tqdm

from cic_jax import images
from cic_jax.photos.split import SPLITS, difference_hash, leave_out, split_of
from cic_jax.scenes import SETTINGS, VIEWS, WEATHERS, Object, Scene, draw, paint


@dataclasses.dataclass(eq=False)
class SyntheticConfig(tfds.core.BuilderConfig):
    """A config of the number of scenes, their side in pixels, and the seed."""

    scenes: int = 2000
    size: int = 256
    seed: int = 0


class SyntheticVehicles(tfds.core.GeneratorBasedBuilder):
    """Drawn photographs of aeroplanes, boats, buses, cars and motorcycles.

    'image' is a JPEG (quality 95, chroma not subsampled); 'mask' is i where the paint of object i
    fills the pixel (from 1, in the order of 'objects'; the first is the main vehicle, 'label'), and
    0 elsewhere. Scenes of a seed are the same whatever `scenes` is. The split follows from content,
    as for every source; near-duplicates are left out of validation and test.
    """

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS: ClassVar = [SyntheticConfig(name="default")]

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        count = len(paint.COMPONENTS)
        features = {
            "image": tfds.features.Image(
                shape=(config.size, config.size, 3), encoding_format="jpeg"
            ),
            "name": tfds.features.Text(),
            "label": tfds.features.Text(),
            "setting": tfds.features.ClassLabel(names=list(SETTINGS)),
            "weather": tfds.features.ClassLabel(names=list(WEATHERS)),
            "mask": tfds.features.Tensor(
                shape=(config.size, config.size),
                dtype=np.uint8,
                encoding=tfds.features.Encoding.ZLIB,
            ),
            "objects": tfds.features.Sequence(
                {
                    "kind": tfds.features.ClassLabel(names=list(paint.KINDS)),
                    "view": tfds.features.ClassLabel(names=list(VIEWS)),
                    "component": tfds.features.ClassLabel(names=list(paint.COMPONENTS)),
                    "ab": tfds.features.Tensor(shape=(2,), dtype=np.float32),
                    "weights": tfds.features.Tensor(shape=(count,), dtype=np.float32),
                    "means": tfds.features.Tensor(shape=(count, 2), dtype=np.float32),
                    "stds": tfds.features.Tensor(shape=(count, 2), dtype=np.float32),
                }
            ),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        config = self.builder_config
        numbers = tqdm(range(config.scenes), "Drawing", unit=" scenes", leave=False, disable=None)
        drawings = [_drawing(config.seed, config.size, number) for number in numbers]
        sides = [split_of(drawing.hash) for drawing in drawings]
        left_out = leave_out(np.stack([drawing.hash for drawing in drawings]), sides)
        by_split: dict[str, list[Drawing]] = {}
        for place, (drawing, side) in enumerate(zip(drawings, sides, strict=True)):
            if place not in left_out:
                by_split.setdefault(side, []).append(drawing)
        # TFDS refuses a split without examples.
        return {
            split: self._generate_examples(by_split[split]) for split in SPLITS if split in by_split
        }

    def _generate_examples(self, drawings: "list[Drawing]") -> Iterator[tuple[str, dict[str, Any]]]:
        for drawing in drawings:
            yield drawing.name, drawing.example(self.builder_config.size)


class Drawing(NamedTuple):
    """A drawn scene before it is written: compressed, with its hash in place of its pixels."""

    name: str
    jpeg: bytes
    mask: bytes
    hash: UInt64[np.ndarray, " 4"]
    scene: dict[str, Any]

    def example(self, size: int) -> dict[str, Any]:
        """Return the record that TFDS writes."""
        mask = np.frombuffer(zlib.decompress(self.mask), np.uint8).reshape(size, size)
        return self.scene | {"image": io.BytesIO(self.jpeg), "name": self.name, "mask": mask}


def _drawing(seed: int, size: int, index: int) -> Drawing:
    scene = draw(seed, index, size)
    jpeg = encode(scene.image)
    photo_hash = difference_hash(images.read_rgb(jpeg))
    name = f"{seed}_{index:06d}"
    return Drawing(name, jpeg, zlib.compress(scene.mask.tobytes()), photo_hash, _truth(scene))


def encode(image: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """Encode as a JPEG that keeps colours: quality 95, chroma at full resolution."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=95, subsampling=0)
    return stream.getvalue()


def _truth(scene: Scene) -> dict[str, Any]:
    return {
        "label": scene.objects[0].kind,
        "setting": scene.setting,
        "weather": scene.weather,
        "objects": [_object_truth(item) for item in scene.objects],
    }


def _object_truth(item: Object) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "view": item.view,
        "component": item.paint.component,
        "ab": item.paint.ab,
        "weights": paint.weights(item.kind),
        "means": paint.means(item.kind),
        "stds": paint.stds(item.kind),
    }
