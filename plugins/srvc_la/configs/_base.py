"""The full model and the recipe that all configs of SRVC-LA share; data and streams are theirs to say."""

method = "srvc_la"
head = dict(type="srvc_la.SRVCLAHead")
losses = dict(
    words=dict(type="srvc_la.BranchLoss"),
    effective_frames=dict(type="srvc_la.EffectiveFrames", scale=0.0),  # only watched
    frame_mass=dict(type="srvc_la.FrameMass", scale=0.0),  # the same, for phases with vrc_concat="seq"
)
optimizer = dict(type="Adamax", lr=7e-4, weight_decay=1e-5)
schedule = dict(type="cosine", unit="epoch")
generate = dict(mode="beam", beam=5, length="gnmt", alpha=1.6, max_length=21)  # 20 words and their end
runtime = dict(clip_grad=5.0)
