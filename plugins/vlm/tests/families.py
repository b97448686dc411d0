"""A tiny random model of each family, with the real classes of its processor and a tokenizer made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import transformers as t
from vidcap_vlm import tiny

from vidcap_core.api import seeded

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% elif part['type'] == 'image' %}IMAGE{% else %}VIDEO{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""ChatML, as most of them have it; IMAGE and VIDEO are a family's own marks."""
ROLES = {"pad_token": "<|endoftext|>", "eos_token": "<|im_end|>"}
VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def _words(*marks: str, **roles: str) -> Any:
    roles = {**ROLES, **roles}
    specials = list(dict.fromkeys([*roles.values(), "<|im_start|>", "<|im_end|>", *marks]))
    return tiny.tokenizer(tiny.TEXTS, specials, roles)


def _text(words: Any, **more: Any) -> dict[str, Any]:
    size = {**VISION, "num_key_value_heads": 1, "vocab_size": len(words), "max_position_embeddings": 2048}
    roles = {
        "pad_token_id": words.pad_token_id,
        "eos_token_id": words.eos_token_id,
        "bos_token_id": words.bos_token_id,
    }
    return {**size, **roles, **more}


def _chat(image: str, video: str) -> str:
    return CHAT.replace("IMAGE", image).replace("VIDEO", video)


def _qwen(kind: str) -> tuple[Any, Any]:
    """Dynamic resolution, patches in time, positions of its own."""
    marks = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    words = _words(*marks)
    start, end, image, video = words.convert_tokens_to_ids(list(marks))
    ids = {"image_token_id": image, "video_token_id": video}
    ids |= {"vision_start_token_id": start, "vision_end_token_id": end}
    eyes: dict[str, Any] = {"depth": 2, "num_heads": 2, "patch_size": 8, "hidden_size": 32}
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    if kind == "Qwen2VL":
        eyes |= {"embed_dim": 32}
    elif kind == "Qwen2_5_VL":
        eyes |= {
            "intermediate_size": 64,
            "out_hidden_size": 32,
            "window_size": 32,
            "fullatt_block_indexes": [1],
        }
    else:
        eyes |= {"intermediate_size": 64, "out_hidden_size": 32, "num_position_embeddings": 64}
        eyes |= {"deepstack_visual_indexes": [0, 1]}
        rope |= {"mrope_interleaved": True}
    text = _text(words, rope_parameters=rope, **({"head_dim": 16} if kind == "Qwen3VL" else {}))
    config = getattr(t, f"{kind}Config")(vision_config=eyes, text_config=text, **ids)
    model = getattr(t, f"{kind}ForConditionalGeneration")(config)
    pictures = {"patch_size": 8, "size": {"shortest_edge": 16 * 16, "longest_edge": 32 * 32}}
    film = t.Qwen3VLVideoProcessor(**pictures) if kind == "Qwen3VL" else t.Qwen2VLVideoProcessor(**pictures)
    processor = getattr(t, f"{kind}Processor")(
        t.Qwen2VLImageProcessor(**pictures),
        words,
        film,
        chat_template=_chat(
            "<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>"
        ),
    )
    return model, processor


def internvl() -> tuple[Any, Any]:
    """Frames one after the other, each of so many tokens."""
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    words = _words(*named.values())
    words = type(words)(tokenizer_object=words.backend_tokenizer, extra_special_tokens=named, **ROLES)
    config = t.InternVLConfig(
        vision_config={**VISION, "image_size": [32, 32], "patch_size": [8, 8]},
        text_config={"model_type": "qwen2", **_text(words)},
        image_token_id=words.context_image_token_id,
        image_seq_length=4,
    )
    size = {"height": 32, "width": 32}
    processor = t.InternVLProcessor(
        t.GotOcr2ImageProcessor(size=size),
        words,
        t.InternVLVideoProcessor(size=size),
        image_seq_length=4,
        chat_template=_chat("<IMG_CONTEXT>\n", "<video>\n"),
    )
    return t.InternVLForConditionalGeneration(config), processor


def llava_onevision() -> tuple[Any, Any]:
    """SigLIP, pooled frames."""
    words = _words("<image>", "<video>")
    image, video = words.convert_tokens_to_ids(["<image>", "<video>"])
    config = t.LlavaOnevisionConfig(
        vision_config={
            "model_type": "siglip_vision_model",
            **VISION,
            "image_size": 32,
            "patch_size": 8,
            "vision_use_head": False,
        },
        text_config={"model_type": "qwen2", **_text(words)},
        image_token_index=image,
        video_token_index=video,
        image_grid_pinpoints=[[32, 32]],
    )
    size = {"height": 32, "width": 32}
    processor = t.LlavaOnevisionProcessor(
        t.LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=[[32, 32]]),
        words,
        t.LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=_chat("<image>\n", "<video>\n"),
    )
    return t.LlavaOnevisionForConditionalGeneration(config), processor


def llava_next_video() -> tuple[Any, Any]:
    """CLIP, Vicuna's way to chat: a begin token, and no mark before an answer but a word."""
    words = _words("<image>", "<video>", bos_token="<s>", eos_token="</s>")
    image, video = words.convert_tokens_to_ids(["<image>", "<video>"])
    config = t.LlavaNextVideoConfig(
        vision_config={
            "model_type": "clip_vision_model",
            **VISION,
            "image_size": 32,
            "patch_size": 8,
            "projection_dim": 32,
        },
        text_config={"model_type": "llama", **_text(words)},
        image_token_index=image,
        video_token_index=video,
        image_grid_pinpoints=[[32, 32]],
        image_seq_length=16,
        video_seq_length=4,
    )
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    processor = t.LlavaNextVideoProcessor(
        t.LlavaNextVideoVideoProcessor(**size),
        t.LlavaNextImageProcessor(**size, image_grid_pinpoints=[[32, 32]]),
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=(
            "{% for message in messages %}{{ message['role'] | upper }}: {% for part in message['content'] %}"
            "{% if part['type'] == 'text' %}{{ part['text'] }}{% elif part['type'] == 'image' %}<image>\n"
            "{% else %}<video>\n{% endif %}{% endfor %}"
            "{% if message['role'] == 'assistant' %}</s>{% else %} {% endif %}{% endfor %}"
            "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
        ),
    )
    return t.LlavaNextVideoForConditionalGeneration(config), processor


def paligemma() -> tuple[Any, Any]:
    """Pictures, no chat: its prompt sees all of itself."""
    words = _words("<image>", bos_token="<bos>", eos_token="<eos>")
    eyes = t.SiglipImageProcessor(size={"height": 32, "width": 32})
    eyes.image_seq_length = 16
    processor = t.PaliGemmaProcessor(eyes, words)
    config = t.PaliGemmaConfig(
        vision_config={
            "model_type": "siglip_vision_model",
            **VISION,
            "image_size": 32,
            "patch_size": 8,
            "vision_use_head": False,
        },
        text_config={"model_type": "gemma", **_text(words), "head_dim": 16},
        image_token_index=processor.image_token_id,
        projection_dim=32,
        hidden_size=32,
        vocab_size=len(words),
    )
    return t.PaliGemmaForConditionalGeneration(config), processor


def blip2() -> tuple[Any, Any]:
    """One picture, a Q-Former, OPT."""
    words = _words("<image>", bos_token="</s>", eos_token="</s>")
    eyes = t.BlipImageProcessor(size={"height": 32, "width": 32})
    processor = t.Blip2Processor(eyes, words, num_query_tokens=4)
    former = {**VISION, "vocab_size": len(words), "encoder_hidden_size": 32}
    config = t.Blip2Config(
        vision_config={**VISION, "image_size": 32, "patch_size": 8, "initializer_range": 0.02},
        qformer_config=former,
        text_config={"model_type": "opt", **_text(words), "ffn_dim": 64, "word_embed_proj_dim": 32},
        num_query_tokens=4,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    return t.Blip2ForConditionalGeneration(config), processor


def instructblipvideo() -> tuple[Any, Any]:
    """A film of four pictures, a Q-Former that reads the prompt too."""
    words = _words("<video>", bos_token="</s>", eos_token="</s>")
    reader = tiny.tokenizer(tiny.TEXTS, ["[PAD]", "[SEP]"], {"pad_token": "[PAD]", "eos_token": "[SEP]"})
    film = t.InstructBlipVideoVideoProcessor(size={"height": 32, "width": 32})
    processor = t.InstructBlipVideoProcessor(film, words, reader, num_query_tokens=4)
    former = {**VISION, "vocab_size": len(reader), "encoder_hidden_size": 32}
    config = t.InstructBlipVideoConfig(
        vision_config={**VISION, "image_size": 32, "patch_size": 8, "initializer_range": 0.02},
        qformer_config=former,
        text_config={"model_type": "opt", **_text(words), "ffn_dim": 64, "word_embed_proj_dim": 32},
        num_query_tokens=4,
        video_token_index=words.convert_tokens_to_ids("<video>"),
    )
    return t.InstructBlipVideoForConditionalGeneration(config), processor


FAMILIES: dict[str, Callable[[], tuple[Any, Any]]] = {
    "qwen2_vl": lambda: _qwen("Qwen2VL"),
    "qwen2_5_vl": lambda: _qwen("Qwen2_5_VL"),
    "qwen3_vl": lambda: _qwen("Qwen3VL"),
    "internvl": internvl,
    "llava_onevision": llava_onevision,
    "llava_next_video": llava_next_video,
    "paligemma": paligemma,
    "blip2": blip2,
    "instructblipvideo": instructblipvideo,
}


def write(family: str, folder: Path) -> str:
    """A folder with a model of a family; SmolVLM is the plugin's own."""
    folder.mkdir(parents=True)
    if family == "smolvlm":
        tiny.write(folder)
        return str(folder)
    with seeded(0):
        model, processor = FAMILIES[family]()
    for weight in model.parameters():
        weight.data.mul_(2.0)  # so that words differ from clip to clip
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)
