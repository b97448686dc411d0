"""What lies on a disk: runs, checkpoints, predictions, bundles."""
