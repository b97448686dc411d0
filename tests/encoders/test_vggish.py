"""VGGish's front end against the formulas written out, and its network's shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vidcap_core.encoders.vggish import VGGish, log_mel, mel_weights


def written_out(sound: np.ndarray) -> np.ndarray:
    """log(mel + 0.01) of each 25 ms, every 10 ms, one number at a time where it matters."""
    window = np.array([0.5 - 0.5 * np.cos(2 * np.pi * n / 400) for n in range(400)])
    hertz = [16000 / 512 * k for k in range(257)]
    scale = [1127 * np.log(1 + f / 700) for f in hertz]
    low, high = (1127 * np.log(1 + f / 700) for f in (125, 7500))
    step = (high - low) / 65
    rows = []
    for start in range(0, len(sound) - 400 + 1, 160):
        spectrum = np.abs(np.fft.rfft(sound[start : start + 400] * window, 512))
        row = []
        for band in range(64):
            left, middle, right = (low + step * (band + i) for i in range(3))
            total = 0.0
            for k in range(1, 257):
                up, down = (scale[k] - left) / (middle - left), (right - scale[k]) / (right - middle)
                total += max(0.0, min(up, down)) * spectrum[k]
            row.append(np.log(total + 0.01))
        rows.append(row)
    return np.array(rows)


def test_front_end() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(2000) / 16000
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.05 * rng.normal(size=2000)
    mine = log_mel(torch.from_numpy(sound).float()[None], mel_weights())[0].numpy()
    np.testing.assert_allclose(mine, written_out(sound), atol=2e-3)


@torch.no_grad()
def test_rows_and_mask() -> None:
    encoder = VGGish()
    sound = torch.randn(2, 16000 * 3, generator=torch.Generator().manual_seed(0)) * 0.1
    mask = torch.ones(2, 16000 * 3, dtype=torch.bool)
    mask[1, 16000:] = False
    stream = encoder(sound, mask)
    assert stream.values.shape == (2, 3, 128)
    assert stream.mask.tolist() == [[True] * 3, [True, False, False]]
    assert (stream.values >= 0).all()
    assert encoder(torch.zeros(1, 100)).values.shape == (1, 1, 128)  # too short: silence is added


def test_weights_from_a_file(tmp_path: Path) -> None:
    made = VGGish(seed=4)
    torch.save({**made.state_dict(), "pproc.pca_means": torch.zeros(128, 1)}, tmp_path / "vggish.pth")
    names = set(made.state_dict())
    assert names == {
        f"{part}.{kind}"
        for kind in ("weight", "bias")
        for part in (
            *(f"features.{i}" for i in (0, 3, 6, 8, 11, 13)),
            *(f"embeddings.{i}" for i in (0, 2, 4)),
        )
    }
    loaded = VGGish(str(tmp_path / "vggish.pth"))
    assert loaded.recipe()["weights"] == made.recipe()["weights"]
    assert loaded.recipe()["pretrained"] == "vggish.pth"


@torch.no_grad()
def test_rows_around_middles_are_those_of_the_sound_there() -> None:
    plain, middles = VGGish(), VGGish(rows=4)
    sound = torch.randn(2, 80_000, generator=torch.Generator().manual_seed(0)) * 0.1
    mask = torch.ones(2, 80_000, dtype=torch.bool)
    mask[1, 20_000:] = False
    made = middles(sound, mask)
    assert made.mask.all()
    for row, spectra in enumerate((498, 123)):
        for k in range(4):
            first = min(max(0, (2 * k + 1) * spectra // 8 - 48), spectra - 96)
            heard = sound[row, first * 160 : first * 160 + 95 * 160 + 400]
            torch.testing.assert_close(
                made.values[row, k], plain(heard[None]).values[0, 0], rtol=1e-5, atol=1e-5
            )
    assert middles(torch.zeros(1, 100)).values.shape == (1, 4, 128)
    recipe = middles.recipe()
    assert recipe["sampling"]["rows"] == 4
    assert "row_seconds" not in recipe
