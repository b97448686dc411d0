"""Parts of the tests of `vidcap features`."""


def tiny_encoder(frames: int) -> list[str]:
    """Arguments for a small image network with random weights."""
    return [
        "--encoder",
        "TimmImage",
        "--set",
        "model=test_resnet",
        "--set",
        "pretrained=False",
        "--set",
        f"frames={frames}",
    ]
