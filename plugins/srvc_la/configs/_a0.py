"""A0 of the ablation: the mean of Transformer features, and one LSTM."""

head = dict(branches="visual", vrc_concat="none", use_la=False)
