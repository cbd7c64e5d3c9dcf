# The study's two sets: flags of every command of the campaign (docs/gpu.md). About 2,500 photographs
# for the experiments, cars hardly more than the other vehicles and as many scenes; all for the rest.
vehicles=n02691156,n02858304,n02924116,n02958343,n03790512
scenes=n08613733
others=n00449295,n02834778,n03764276,n04468005,n04490091,n04524313
sets=(
    --config.data.source=imagenet_vehicles
    --experimental=$vehicles --at_most=485 --as_many=$scenes
    --final=$vehicles,$scenes,$others
)
