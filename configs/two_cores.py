"""Two cores, an hour: a quarter of the simplified network's width, on vehicles and outdoor scenes.

What two CPU cores can train in about an hour from 7,037 photographs laid out as ImageNet's tars, at
a higher rate than the study's 3.16e-5, which is meant for weeks of steps. README.md has its result.

Run:   python experiments/train.py --config=configs/two_cores.py --workdir=runs/two_cores --config.data.path=TARS
"""

from configs import default

VEHICLES_AND_OUTDOORS = (
    "n00449295",  # racing
    "n02691156",  # airplane
    "n02834778",  # bicycle
    "n02858304",  # boat
    "n02924116",  # bus
    "n02958343",  # car
    "n03764276",  # military vehicle
    "n03790512",  # motorcycle
    "n04468005",  # train
    "n04490091",  # truck
    "n04524313",  # vehicle
    "n08613733",  # outdoors
)


def get_config():
    """The study's *Simplified*, narrower and faster."""
    config = default.get_config()
    config.data.source = "imagenet_vehicles"
    config.data.synsets = VEHICLES_AND_OUTDOORS
    config.model.network = "simplified"
    config.model.width = 0.25
    config.train.batch_size = 16
    config.train.epochs = 6.0
    config.train.evaluate_every = 2.0
    config.train.learning_rate = 1e-3
    config.train.schedule = "cosine"
    config.train.warmup_steps = 100
    config.train.weight_decay = 1e-2
    config.train.decoupled = True
    return config
