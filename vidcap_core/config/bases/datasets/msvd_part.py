"""The part of MSVD with real features: 279 of 1,200 / 22 of 100 / 86 of 670 clips have both streams.

One random caption a clip and epoch. Cross-validation: `--set data.train.fold=0 --set data.val.fold=0`, ... 4.
"""

data = dict(
    train=dict(type="MSVDPart", split="train", streams=["image", "motion"]),
    val=dict(type="MSVDPart", split="val", streams=["image", "motion"]),
    test=dict(type="MSVDPart", split="test", streams=["image", "motion"]),
)
tokenizer = dict(type="Vocabulary", min_count=2)
