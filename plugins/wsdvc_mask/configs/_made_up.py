"""Made-up videos of a stream alone, told without times; a language model of one layer that says whole words."""

data = dict(
    train=dict(
        type="wsdvc_mask.MadeUp",
        split="train",
        streams=["image"],
        unit="clip",
        weak=True,
        transforms=[dict(type="wsdvc_mask.Sentences")],
    ),
    val=dict(type="wsdvc_mask.MadeUp", split="val", streams=["image"], unit="clip"),
    test=dict(type="wsdvc_mask.MadeUp", split="test", streams=["image"], unit="clip"),
)
tokenizer = dict(
    _delete_=True,
    type="Vocabulary",
    min_count=1,
    normalize="lower",
    specials=["<FULL>", "<MASK>", "<SEP>"],
    forced=["events:", *map(str, range(1, 17))],
)
head = dict(
    streams=dict(image=16),
    lm=dict(
        model_type="gpt2",
        n_embd=32,
        n_layer=1,
        n_head=2,
        n_positions=192,
        bos_token_id=1,
        eos_token_id=2,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    ),
    frames=24,
    project=True,
    layers=1,
    heads=2,
    feed=64,
    locate_feed=64,
    dropout=0.0,
)
optimizer = dict(lr=4e-3)
generate = dict(
    mode="greedy",
    length="none",
    no_repeat_ngram=0,
    max_length=16,
    min_length=0,
    kinds=dict(count=dict(max_length=24, min_length=0)),
)
evaluate = dict(split="test")
runtime = dict(batch=16, log_every=50, amp="off")
