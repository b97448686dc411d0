"""What the core itself offers, declared as a plugin declares: by string, imported at first use."""

from __future__ import annotations

COMPONENTS: dict[str, dict[str, str]] = {
    "encoders": {
        "EfficientNetLite0": "vidcap_core.encoders.efficientnet_lite0:EfficientNetLite0",
        "HFAudio": "vidcap_core.encoders.hf_audio:HFAudio",
        "HFText": "vidcap_core.encoders.hf_text:HFText",
        "HFVideo": "vidcap_core.encoders.hf_video:HFVideo",
        "OpenClipImage": "vidcap_core.encoders.open_clip:OpenClipImage",
        "OpenClipText": "vidcap_core.encoders.open_clip:OpenClipText",
        "Standardised": "vidcap_core.encoders.standardised:Standardised",
        "TimmImage": "vidcap_core.encoders.timm_image:TimmImage",
        "TorchvisionVideo": "vidcap_core.encoders.torchvision_video:TorchvisionVideo",
        "ToySound": "vidcap_core.datasets.toy.sound_encoder:ToySound",
        "ToyGrid": "vidcap_core.datasets.toy.grid_encoder:ToyGrid",
        "VGGish": "vidcap_core.encoders.vggish:VGGish",
    },
    "heads": {
        "HFFrameCaptioner": "vidcap_core.heads.hf_captioners:HFFrameCaptioner",
        "HFVideoCaptioner": "vidcap_core.heads.hf_captioners:HFVideoCaptioner",
        "MeanPoolGRU": "vidcap_core.heads.gru:MeanPoolGRU",
        "SmallTransformer": "vidcap_core.heads.transformer:SmallTransformer",
    },
    "losses": {
        "BinaryLoss": "vidcap_core.losses.binary:BinaryLoss",
        "InfoNCE": "vidcap_core.losses.contrastive:InfoNCE",
        "SelfCritical": "vidcap_core.losses.self_critical:SelfCritical",
        "TokenLoss": "vidcap_core.losses.token:TokenLoss",
    },
    "datasets": {
        "ActivityNet": "vidcap_core.datasets.activitynet:ActivityNet",
        "EmVidCap": "vidcap_core.datasets.emvidcap:EmVidCap",
        "Flickr8k": "vidcap_core.datasets.flickr8k:Flickr8k",
        "Jsonl": "vidcap_core.datasets.jsonl:Jsonl",
        "MSRVTT": "vidcap_core.datasets.msrvtt:MSRVTT",
        "MSRVTTPart": "vidcap_core.datasets.msrvtt:MSRVTTPart",
        "MSVD": "vidcap_core.datasets.msvd:MSVD",
        "MSVDPart": "vidcap_core.datasets.msvd:MSVDPart",
        "Toy": "vidcap_core.datasets.toy:Toy",
        "VATEX": "vidcap_core.datasets.vatex:VATEX",
        "YouCook2": "vidcap_core.datasets.youcook2:YouCook2",
    },
    "transforms": {
        "RowDropout": "vidcap_core.datasets.row_dropout:RowDropout",
    },
    "metrics": {
        "bleu": "vidcap_core.metrics.bleu:Bleu",
        "rouge": "vidcap_core.metrics.rouge:Rouge",
        "cider": "vidcap_core.metrics.cider:Cider",
        "cider-d": "vidcap_core.metrics.cider:CiderD",
        "meteor": "vidcap_core.metrics.meteor.metric:Meteor",
        "spice": "vidcap_core.metrics.spice:Spice",
        "diversity": "vidcap_core.metrics.diversity:Diversity",
        "emotion": "vidcap_core.metrics.emotion:Emotion",
        "dense": "vidcap_core.metrics.dense:Dense",
        "localisation": "vidcap_core.metrics.located:Localisation",
        "soda_c": "vidcap_core.metrics.soda:SodaC",
        "paragraph": "vidcap_core.metrics.paragraph:Paragraph",
    },
    "tokenizers": {
        "GGUFTokenizer": "vidcap_core.tokenizers.gguf:GGUFTokenizer",
        "HFTokenizer": "vidcap_core.tokenizers.hf:HFTokenizer",
        "SubwordTokenizer": "vidcap_core.tokenizers.subword:SubwordTokenizer",
        "TextOnly": "vidcap_core.tokenizers.text_only:TextOnly",
        "Vocabulary": "vidcap_core.tokenizers.vocabulary:Vocabulary",
    },
}
