"""The core's own losses: of words, of labels, contrastive, and by reward."""
