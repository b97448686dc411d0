"""Long toy videos without times, a small language model with random weights, pieces of words learnt from captions."""

_base_ = ["vidcap://datasets/toy_long.py"]

_streams = ["image", "motion"]
data = dict(
    train=dict(streams=_streams, weak=True, transforms=[dict(type="wsdvc_mask.Sentences")]),
    val=dict(streams=_streams),
    test=dict(streams=_streams),
)
tokenizer = dict(
    type="SubwordTokenizer", size=600, min_count=1, normalize="none", specials=["<FULL>", "<MASK>", "<SEP>"]
)
head = dict(
    streams=dict(image=320, motion=128),
    lm=dict(
        model_type="gpt2",
        n_embd=96,
        n_layer=2,
        n_head=4,
        n_positions=256,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=False,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    ),
    project=True,
    layers=2,
    heads=4,
    feed=192,
    locate_feed=192,
    max_events=8,
)
optimizer = dict(lr=2e-3)
generate = dict(
    mode="greedy",
    length="none",
    no_repeat_ngram=0,
    max_length=40,
    min_length=0,
    kinds=dict(count=dict(max_length=130, min_length=0)),
)
runtime = dict(batch=16, log_every=20, amp="off")
extract = dict(image=dict(type="ToyGrid", stream="image"), motion=dict(type="ToyGrid", stream="motion"))
