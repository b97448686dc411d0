"""The way to SPICE's program and back. Its models are in no package: a small Java program stands in for the parser."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from vidcap_metrics.errors import UserError
from vidcap_metrics.scorer import Scorer
from vidcap_metrics.spice import MODELS, Spice, class_path

STAND_IN = """
package edu.anu.spice;
import java.io.*;
import java.util.*;
import org.json.simple.*;

/** Writes, in the opposite order, the share of the caption's words that the first reference has; "NaN" of "odd". */
public class SpiceScorer {
    @SuppressWarnings("unchecked")
    public static void main(String[] args) throws Exception {
        List<String> words = Arrays.asList(args);
        if (!words.contains("-subset") || !words.contains("-silent")) throw new IllegalArgumentException("arguments");
        JSONArray rows = (JSONArray) JSONValue.parse(new InputStreamReader(new FileInputStream(args[0]), "UTF-8"));
        JSONArray out = new JSONArray();
        for (int i = rows.size() - 1; i >= 0; i--) {
            JSONObject row = (JSONObject) rows.get(i);
            String test = (String) row.get("test");
            if (test.equals("crash")) throw new IllegalStateException("out of words");
            List<String> refs = Arrays.asList(((String) ((JSONArray) row.get("refs")).get(0)).split(" "));
            double hit = 0;
            for (String word : test.split(" ")) hit += refs.contains(word) ? 1 : 0;
            JSONObject all = new JSONObject();
            all.put("f", test.equals("odd") ? (Object) "NaN" : (Object) (hit / test.split(" ").length));
            JSONObject scores = new JSONObject();
            scores.put("All", all);
            JSONObject result = new JSONObject();
            result.put("image_id", row.get("image_id"));
            result.put("scores", scores);
            out.add(result);
        }
        String made = words.get(words.indexOf("-out") + 1);
        try (Writer file = new OutputStreamWriter(new FileOutputStream(made), "UTF-8")) {
            out.writeJSONString(file);
        }
    }
}
"""

needs_java = pytest.mark.skipif(not shutil.which("javac"), reason="needs a Java compiler")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the user's with the two jars, the first of them the stand-in."""
    folder = tmp_path_factory.mktemp("models with a space")
    source = folder / "SpiceScorer.java"
    source.write_text(STAND_IN)
    import pycocoevalcap.spice

    library = Path(next(iter(pycocoevalcap.spice.__path__))) / "lib" / "json-simple-1.1.1.jar"
    subprocess.run(["javac", "-cp", str(library), "-d", str(folder / "made"), str(source)], check=True)
    with zipfile.ZipFile(folder / MODELS[0], "w") as jar:
        for file in (folder / "made").rglob("*.class"):
            jar.write(file, file.relative_to(folder / "made").as_posix())
    with zipfile.ZipFile(folder / MODELS[1], "w") as jar:
        jar.writestr("empty", "")
    return folder


REFERENCES = {"b": ["a man runs"], "a": ["ein Mädchen läuft", "x"], "c": ["the dog sits"]}


@needs_java
def test_numbers_come_back_to_their_clips(models: Path) -> None:
    metric = Spice(models, memory="256M")
    said = {"b": "a man sits", "a": "ein Mädchen", "c": "the dog sits down"}
    scores = Scorer(REFERENCES, [metric]).score(said)
    assert scores.clips["SPICE"] == pytest.approx({"b": 2 / 3, "a": 1.0, "c": 3 / 4})
    assert scores.values["SPICE"] == pytest.approx((2 / 3 + 1 + 3 / 4) / 3)


@needs_java
@pytest.mark.parametrize(
    ("text", "message"), [("odd", "no number for 1 clips, first 'a'"), ("crash", "out of words")]
)
def test_no_number_is_an_error(models: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Scorer(REFERENCES, [Spice(models, memory="256M")]).score(
            {**dict.fromkeys(REFERENCES, "x"), "a": text}
        )


def test_a_folder_without_the_models_says_which(tmp_path: Path) -> None:
    if not shutil.which("java"):
        pytest.skip("needs Java")
    (tmp_path / MODELS[0]).write_bytes(b"")
    with pytest.raises(UserError, match=r"stanford-corenlp-3\.6\.0-models\.jar") as error:
        class_path(tmp_path)
    assert MODELS[0] not in str(error.value).split("unpack")[0]
    assert "--set spice.models=FOLDER" in str(error.value.hint)


def test_the_real_program_goes_as_far_as_the_parser(tmp_path: Path) -> None:
    """Its class and arguments are right: with empty jars for models, what it misses is the parser's own class."""
    if not shutil.which("java"):
        pytest.skip("needs Java")
    for name in MODELS:
        with zipfile.ZipFile(tmp_path / name, "w") as jar:
            jar.writestr("empty", "")
    with pytest.raises(UserError, match=r"edu/stanford/nlp"):
        Scorer(REFERENCES, [Spice(tmp_path, memory="256M")]).score(dict.fromkeys(REFERENCES, "a man runs"))
