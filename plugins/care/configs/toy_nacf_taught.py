"""NACF that starts with its teacher's weights and learns the teacher's captions, on the built-in toy videos.

vidcap-run care/toy_arb --work-dir runs/arb
vidcap-run care/toy_arb test --split train --work-dir runs/arb
vidcap-run care/toy_nacf_taught
"""

_base_ = ["toy_nacf.py"]

start_from = dict(run="runs/arb", parts=["head.network"])
data = dict(
    train=dict(
        transforms=[
            dict(type="care.AllCaptions"),
            dict(type="care.TeacherCaptions", predictions="runs/arb/predictions-train.json"),
        ]
    )
)
