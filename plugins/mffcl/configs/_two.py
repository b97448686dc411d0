"""Two phases: video and text are aligned, then the prompt and the language model learn to write; frames end to end."""

_frames = dict(kind="uniform", count=8, short_side=224)
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
phases = dict(
    align=dict(
        epochs=5,
        losses=["contrastive"],
        best=False,
        data=dict(unit="clip"),
        keep="align",
        train=["encoders.video", "encoders.text", "head.contrast"],
        groups=[dict(parts=["encoders.video", "encoders.text"], lr_mult=0.5)],
    ),
    caption=dict(
        epochs=5,
        losses=["tokens"],
        cache=["video"],
        freeze=["encoders.video", "encoders.text", "head.contrast"],
        groups=[dict(parts=["head.lm"], lr_mult=0.5)],
    ),
)
