"""What the core itself offers, declared as a plugin declares: by string, imported at first use."""

from __future__ import annotations

from vidcap_metrics.names import METRICS

COMPONENTS: dict[str, dict[str, str]] = {
    "encoders": {
        "EfficientNetLite0": "vidcap_core.encoders.efficientnet_lite:EfficientNetLite0",
        "EfficientNetLite1": "vidcap_core.encoders.efficientnet_lite:EfficientNetLite1",
        "EfficientNetLite2": "vidcap_core.encoders.efficientnet_lite:EfficientNetLite2",
        "HFAudio": "vidcap_core.encoders.hf_audio:HFAudio",
        "HFText": "vidcap_core.encoders.hf_text:HFText",
        "HFVideo": "vidcap_core.encoders.hf_video:HFVideo",
        "OpenClipImage": "vidcap_core.encoders.open_clip:OpenClipImage",
        "OpenClipText": "vidcap_core.encoders.open_clip:OpenClipText",
        "PictureWords": "vidcap_core.encoders.picture_words:PictureWords",
        "PictureWordsText": "vidcap_core.encoders.picture_words:PictureWordsText",
        "ResNeXt3D": "vidcap_core.encoders.resnext3d:ResNeXt3D",
        "Standardised": "vidcap_core.encoders.standardised:Standardised",
        "TimmImage": "vidcap_core.encoders.timm_image:TimmImage",
        "TorchvisionVideo": "vidcap_core.encoders.torchvision_video:TorchvisionVideo",
        "ToySound": "vidcap_core.datasets.toy.sound_encoder:ToySound",
        "ToyGrid": "vidcap_core.datasets.toy.grid_encoder:ToyGrid",
        "VGGish": "vidcap_core.encoders.vggish:VGGish",
    },
    "heads": {
        "Ensemble": "vidcap_core.heads.ensemble:Ensemble",
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
        "Mixture": "vidcap_core.datasets.mixture:Mixture",
        "MSRVTT": "vidcap_core.datasets.msrvtt:MSRVTT",
        "MSRVTTPart": "vidcap_core.datasets.msrvtt:MSRVTTPart",
        "MSVD": "vidcap_core.datasets.msvd:MSVD",
        "MSVDPart": "vidcap_core.datasets.msvd:MSVDPart",
        "Shards": "vidcap_core.datasets.shards:Shards",
        "Toy": "vidcap_core.datasets.toy:Toy",
        "VATEX": "vidcap_core.datasets.vatex:VATEX",
        "YouCook2": "vidcap_core.datasets.youcook2:YouCook2",
    },
    "transforms": {
        "RowDropout": "vidcap_core.datasets.row_dropout:RowDropout",
    },
    "metrics": METRICS,
    "tokenizers": {
        "GGUFTokenizer": "vidcap_core.tokenizers.gguf:GGUFTokenizer",
        "HFTokenizer": "vidcap_core.tokenizers.hf:HFTokenizer",
        "SubwordTokenizer": "vidcap_core.tokenizers.subword:SubwordTokenizer",
        "TextOnly": "vidcap_core.tokenizers.text_only:TextOnly",
        "Vocabulary": "vidcap_core.tokenizers.vocabulary:Vocabulary",
    },
}
