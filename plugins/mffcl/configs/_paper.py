"""The paper's schedule: Adam, decay 0.009, r = 0.01 / (1 + 0.5 step); it decodes by sampling the most probable words.

The paper gives one number of steps a data set: here the caption phase has it, and the alignment half of it before.
"""

optimizer = dict(type="Adam", lr=0.01, weight_decay=0.009)
schedule = dict(type="inverse_time", delta=0.5, unit="step", span="phase")
generate = dict(mode="sample", top_k=10)
runtime = dict(clip_grad=None, amp="off")
phases = dict(align=dict(groups=[]), caption=dict(groups=[]))
