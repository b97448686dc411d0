"""What lies on a disk: runs, checkpoints, predictions, assets, bundles; and what is loaded of it."""
