"""The examples of docs/reference/python.md; tests/test_reference.py runs them in this order, in an empty folder."""

EXAMPLES = {
    "train": """
import vidcap_core
from vidcap_core.api import load_recipe

recipe = load_recipe("core/toy", ["phases.caption.epochs=1", "data.train.limit=16", "data.val.limit=4"])
folder = vidcap_core.train(recipe, work_dir="runs/small", quiet=True)  # or a config's name: train("core/toy")
print(folder.path, (folder.checkpoints / "best.pt").is_file())
""",
    "test": """
recipe = load_recipe("core/toy", ["data.test.limit=4"])
evaluation = vidcap_core.test(recipe, work_dir="runs/small", quiet=True)
print(evaluation.clips, evaluation.values["CIDEr-D"], evaluation.signatures["CIDEr-D"])
""",
    "predict": """
for prediction in vidcap_core.predict(recipe, work_dir="runs/small", quiet=True):
    print(prediction.clip.path, prediction.text)
""",
    "load": """
captioner = vidcap_core.load("runs/small")  # a bundle, plugin/name or hf:OWNER/NAME; nothing: the default model
captions = captioner(prediction.clip.path)
print(captions.text, captions.events[0].start, captions.events[0].end)

beams = captioner.with_decoding(beam=3, n_best=3)
print(beams(prediction.clip.path).extras["n_best"])

for path, result in captioner.each([prediction.clip.path, "no such file.mp4"]):
    print(path, getattr(result, "text", result))  # a VideoError where a file cannot be read
""",
}
