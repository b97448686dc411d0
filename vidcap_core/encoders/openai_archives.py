"""The CLIP archives that OpenAI published: TorchScript, accepted by hash: https://github.com/openai/CLIP"""

from __future__ import annotations

from pathlib import Path

from vidcap_core.errors import UserError

PUBLISHED = {
    "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762": "RN50",
    "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599": "RN101",
    "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd": "RN50x4",
    "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa": "RN50x16",
    "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c": "RN50x64",
    "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af": "ViT-B-32",
    "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f": "ViT-B-16",
    "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836": "ViT-L-14",
    "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02": "ViT-L-14-336",
}
"""SHA-256 -> model. The hash is the folder's name in the archive's published address."""


def accept(file: Path, digest: str, model: str) -> None:
    """Refuse an archive that OpenAI did not publish, or that holds another model."""
    published = PUBLISHED.get(digest)
    if published is None:
        raise UserError(
            f"{file}: a TorchScript archive that OpenAI did not publish, or one that was changed (sha256 {digest})",
            hint="OpenAI's own file, downloaded again; or the weights alone, in a .safetensors file",
        )
    if published != model.removesuffix("-quickgelu"):
        raise UserError(f"{file}: this is OpenAI's {published}, not '{model}'", hint=f"model='{published}'")
