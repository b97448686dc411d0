"""Training and evaluation on mmengine: the only place that imports it."""
