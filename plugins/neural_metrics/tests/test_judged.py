"""Judged metrics, against a real HTTP server that answers by rule: counts, the file of answers, malformed answers."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from vidcap_neural_metrics.agreement import kappa
from vidcap_neural_metrics.auto_dq import AutoDQ
from vidcap_neural_metrics.caption_qa import CaptionQA
from vidcap_neural_metrics.judge import Judge, json_object, read_answers
from vidcap_neural_metrics.prompt import load_prompt

from vidcap_core.api import DataError, Scorer, UserError
from vidcap_core.testing import check_metric

REFERENCES = {
    "a": ["a man runs. a dog barks. a ball rolls"],
    "b": ["a woman sings. a child claps"],
}
PREDICTIONS = {"a": "a man runs. a cat sleeps", "b": "a child claps"}


def rule(prompt: str) -> str:
    """A judge of few words: events end at full stops, and entailed is what the description holds letter for letter."""
    description = _part(prompt, "Description")
    if "List what happens" in prompt:
        return json.dumps({"events": [event.strip() for event in description.split(".") if event.strip()]})
    if "numbered list of events" in prompt:
        events = [line.partition(". ")[2] for line in _part(prompt, "Events").splitlines()]
        return json.dumps({"verdicts": ["entailed" if e in description else "neither" for e in events]})
    if "questions about the video" in prompt:
        first = description.split(".")[0].split()
        return json.dumps({"questions": [{"question": f"who {first[-1]}?", "answer": first[1]}]})
    if "Answer a question" in prompt:
        verb = re.search(r"Question: who (\w+)\?", prompt)[1]  # type: ignore[index]
        who = re.search(rf"a (\w+) {verb}", description)
        return json.dumps({"answer": who[1] if who else "unknown"})
    right, given = (re.search(rf"{what} answer: (.*)", prompt)[1] for what in ("Right", "Given"))  # type: ignore[index]
    return json.dumps({"correct": "yes" if right == given else "no", "score": 5 if right == given else 0})


def _part(prompt: str, title: str) -> str:
    return prompt.partition(f"{title}:\n")[2].partition("\n\n")[0]


@pytest.fixture
def server() -> Iterator[SimpleNamespace]:
    """An endpoint; what it answers and how can be changed while it runs."""
    state = SimpleNamespace(rule=rule, requests=[], keys=[], fail=[])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, body))
            state.keys.append(self.headers.get("Authorization"))
            code = state.fail.pop(0) if state.fail else 200
            text = state.rule(body["messages"][0]["content"])
            answer = text if isinstance(text, dict) else {"choices": [{"message": {"content": text}}]}
            data = json.dumps(answer).encode()
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Nothing on the terminal."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def judge(server: SimpleNamespace, tmp_path: Path) -> Callable[..., Judge]:
    def make(file: str = "answers.jsonl", **changes: Any) -> Judge:
        given = {"model": "judge-1", "version": "2026-01", "url": server.url, "pause": 0.01}
        return Judge(answers=tmp_path / file, **{**given, **changes})

    return make


def score(metric: object, predictions: dict[str, str] = PREDICTIONS) -> Any:
    return Scorer(REFERENCES, [metric]).score(predictions)  # type: ignore[list-item]


def test_autodq_by_hand(judge: Callable[..., Judge], server: SimpleNamespace) -> None:
    """a: 1 of 2 told is true, 1 of 3 true is told. b: 1 of 1, 1 of 2."""
    scores = score(AutoDQ(judge()))
    assert scores.clips["AutoDQ-P"] == {"a": 0.5, "b": 1.0}
    assert scores.clips["AutoDQ-R"] == pytest.approx({"a": 1 / 3, "b": 1 / 2})
    precision, recall = 0.75, (1 / 3 + 1 / 2) / 2
    assert scores.values["AutoDQ-F1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert scores.values["AutoDQ:unanswered"] == 0
    assert len(server.requests) == 8  # events of two texts, and two judgements, of two clips
    path, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert (body["model"], body["temperature"]) == ("judge-1", 0)


def test_answers_travel_and_are_never_asked_for_twice(
    judge: Callable[..., Judge], server: SimpleNamespace, tmp_path: Path
) -> None:
    first = score(AutoDQ(judge())).values
    asked = len(server.requests)
    again = judge(url="http://127.0.0.1:9/v1")  # nobody answers there
    assert score(AutoDQ(again)).values == first
    assert (again.asked, len(server.requests)) == (0, asked)
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert len(lines) == asked
    assert json.loads(lines[0])["hash"] == load_prompt("extract_events").hash
    other = score(AutoDQ(judge()), {**PREDICTIONS, "b": "a woman sings"})
    assert len(server.requests) == asked + 3  # its events, and both judgements of b
    assert other.values["AutoDQ:unanswered"] == 0
    score(AutoDQ(judge(version="2026-02")))
    assert len(server.requests) == asked + 3 + 8  # another version answers for itself


def test_a_file_that_a_kill_cut_off(
    judge: Callable[..., Judge], tmp_path: Path, server: SimpleNamespace
) -> None:
    first = score(AutoDQ(judge())).values
    file = tmp_path / "answers.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    assert score(AutoDQ(judge())).values == first
    assert len(server.requests) == 9
    assert len(list(read_answers(file))) == 8
    file.write_text("a list of mine")
    with pytest.raises(DataError, match="something else than answers"):
        judge()
    assert file.read_text() == "a list of mine"
    file.write_text("{}\n")
    with pytest.raises(DataError, match=r"answers\.jsonl, line 1: is no answer"):
        judge()


@pytest.mark.parametrize(
    "malformed",
    [
        "I think that all of them are entailed.",
        '{"verdicts": ["entailed"]}',
        '{"verdicts": ["entailed", "perhaps", "neither"]}',
        '{"verdicts": "entailed"}',
        '["entailed", "neither", "neither"]',
        '{"verdicts": [["entailed"], "neither", "neither"]}',
        "",
    ],
)
def test_what_is_not_in_the_asked_form_is_counted(
    judge: Callable[..., Judge], server: SimpleNamespace, malformed: str
) -> None:
    """Clip a has three events to judge, and the answer to them is malformed; clip b counts alone."""
    server.rule = lambda prompt: malformed if "3. a ball rolls" in prompt else rule(prompt)
    scores = score(AutoDQ(judge()))
    assert scores.values["AutoDQ:unanswered"] == 1
    assert scores.clips["AutoDQ-P"] == {"b": 1.0}
    assert scores.values["AutoDQ-P"] == 1.0


def test_no_event_and_no_word(judge: Callable[..., Judge], server: SimpleNamespace) -> None:
    server.rule = lambda prompt: (
        '{"events": []}' if "List what" in prompt and "quiet" in prompt else rule(prompt)
    )
    scores = score(AutoDQ(judge()), {"a": "a quiet room", "b": ""})
    assert scores.clips["AutoDQ-P"] == {"a": 1.0, "b": 0.0}
    assert scores.clips["AutoDQ-R"] == {"a": 0.0, "b": 0.0}


def test_an_answer_in_a_code_fence() -> None:
    assert json_object('```json\n{"a": 1}\n```') == {"a": 1}
    assert json_object('Here you are: {"a": 1}') is None
    assert json_object("[1]") is None
    assert json_object("``````") is None


def test_questions_of_the_judges_own(judge: Callable[..., Judge], server: SimpleNamespace) -> None:
    """a: who runs? a man, right. b: who sings? The caption does not say."""
    scores = score(CaptionQA(judge(), count=1))
    assert scores.clips["QA-accuracy"] == {"a": 1.0, "b": 0.0}
    assert scores.values == {"QA-accuracy": 0.5, "QA-score": 2.5, "QA:unanswered": 0.0}
    assert len(server.requests) == 2 * 3


def test_questions_of_a_file(judge: Callable[..., Judge], server: SimpleNamespace, tmp_path: Path) -> None:
    file = tmp_path / "questions.json"
    asked = {
        "a": [{"question": "who runs?", "answer": "man"}, {"question": "who sleeps?", "answer": "dog"}],
        "b": [{"question": "who claps?", "answer": "child"}],
    }
    file.write_text(json.dumps(asked))
    server.rule = lambda prompt: (
        '{"correct": "yes", "score": 7}' if "Right answer: dog" in prompt else rule(prompt)
    )
    scores = score(CaptionQA(judge(), file))
    assert scores.values == {"QA-accuracy": 1.0, "QA-score": 5.0, "QA:unanswered": 1.0}
    assert CaptionQA(judge(), file).settings["questions"] != CaptionQA(judge()).settings["questions"]
    for wrong in ({"a": asked["a"]}, {"a": []}, {"a": [{"question": "x"}]}, []):
        file.write_text(json.dumps(wrong))
        with pytest.raises(UserError, match="questions"):
            score(CaptionQA(judge(), file))


def test_clips_are_asked_about_at_the_same_time(
    judge: Callable[..., Judge], server: SimpleNamespace, tmp_path: Path
) -> None:
    """Each question waits until another one is there too, which one clip at a time never brings about."""
    alone = score(AutoDQ(judge("alone.jsonl", at_once=1))).values
    both = threading.Barrier(2)
    server.rule = lambda prompt: (both.wait(20), rule(prompt))[1]
    assert score(AutoDQ(judge("together.jsonl", at_once=2))).values == alone
    files = [tmp_path / f"{name}.jsonl" for name in ("alone", "together")]
    first, second = (sorted(file.read_text().splitlines()) for file in files)
    assert first == second
    with pytest.raises(UserError, match="between 1 and 64"):
        judge(at_once=0)


def test_an_error_among_several_ends_it_and_what_was_answered_stays(
    judge: Callable[..., Judge], server: SimpleNamespace, tmp_path: Path
) -> None:
    server.rule = lambda prompt: {"error": "no"} if "sings" in prompt else rule(prompt)
    with pytest.raises(UserError, match="no chat completion"):
        score(AutoDQ(judge()))
    held = {entry.answer for entry in read_answers(tmp_path / "answers.jsonl")}
    assert held
    server.rule = rule
    assert score(AutoDQ(judge())).values["AutoDQ:unanswered"] == 0
    assert held < {entry.answer for entry in read_answers(tmp_path / "answers.jsonl")}


def test_the_same_question_of_two_clips_is_asked_once(
    judge: Callable[..., Judge], server: SimpleNamespace
) -> None:
    same = dict.fromkeys("abcdefgh", REFERENCES["a"])
    Scorer(same, [AutoDQ(judge(at_once=8))]).score(dict.fromkeys(same, PREDICTIONS["a"]))
    assert len(server.requests) == 4


def test_signatures_name_judge_version_and_prompts(judge: Callable[..., Judge]) -> None:
    scores = score(AutoDQ(judge()))
    signature = str(scores.scores[0].signature)
    assert re.fullmatch(
        r"autodq\|v:1\|tok:none\|refs:1\|missing:error\|clips:2/2\|judge:judge-1@2026-01\|prompts:[0-9a-f]{8}"
        r"\|hash:[0-9a-f]{8}",
        signature,
    )


def test_a_busy_endpoint_is_asked_again_and_a_broken_one_is_told(
    judge: Callable[..., Judge], server: SimpleNamespace
) -> None:
    server.fail = [429, 503]
    assert judge("1").answer(load_prompt("extract_events"), description="a man runs")
    assert len(server.requests) == 3
    server.fail = [401]
    with pytest.raises(UserError, match="answers 401"):
        judge("2").answer(load_prompt("extract_events"), description="x")
    server.fail = [302]
    with pytest.raises(UserError, match="answers 302"):
        judge("3").answer(load_prompt("extract_events"), description="x")
    server.rule = lambda prompt: {"error": "no such model"}
    with pytest.raises(UserError, match="no chat completion"):
        judge("4").answer(load_prompt("extract_events"), description="x")
    with pytest.raises(UserError, match="does not answer"):
        judge("5", url="http://127.0.0.1:9/v1", retries=1).answer(
            load_prompt("extract_events"), description="x"
        )


def test_the_key_goes_to_the_address_of_the_environment_alone(
    judge: Callable[..., Judge], server: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDCAP_JUDGE_KEY", "secret")
    prompt = load_prompt("extract_events")
    judge("1").answer(prompt, description="x")
    monkeypatch.setenv("VIDCAP_JUDGE_URL", "http://127.0.0.1:9/v1")
    judge("2").answer(prompt, description="x")
    monkeypatch.setenv("VIDCAP_JUDGE_URL", server.url)
    judge("3", url=None).answer(prompt, description="x")
    assert server.keys == [None, None, "Bearer secret"]
    monkeypatch.delenv("VIDCAP_JUDGE_URL")
    with pytest.raises(UserError, match="its address is not known"):
        judge("4", url=None).answer(prompt, description="x")
    with pytest.raises(UserError, match="no address of a judge"):
        judge("5", url="file:///etc/passwd").answer(prompt, description="x")


def test_a_model_that_runs_here(tmp_path: Path) -> None:
    judge = Judge(rule, "1", tmp_path / "a.jsonl", name="by-rule")
    assert score(AutoDQ(judge)).values["AutoDQ-P"] == 0.75
    with pytest.raises(UserError, match="needs a name"):
        Judge(rule, "1", tmp_path / "b.jsonl")
    with pytest.raises(UserError, match="has no version, no answers"):
        AutoDQ({"model": "x"})
    with pytest.raises(UserError, match="has no model, no version, no answers"):
        AutoDQ(5)  # type: ignore[arg-type]
    whole = {"model": "x", "version": "1", "answers": tmp_path / "c"}
    for key, value in {
        "strange": 1,
        "timeout": "long",
        "retries": 1.5,
        "pause": -1,
        "at_once": "all",
    }.items():
        with pytest.raises(UserError, match=key):
            AutoDQ({**whole, key: value})
    with pytest.raises(UserError, match="count=0"):
        CaptionQA(whole, count=0)


def always(prompt: str) -> str:
    """A judge that is content with everything."""
    if "List what happens" in prompt:
        return json.dumps({"events": [_part(prompt, "Description")]})
    if "numbered list of events" in prompt:
        return json.dumps({"verdicts": ["entailed" if len(prompt) % 2 else "neither"]})
    if "questions about the video" in prompt:
        return json.dumps({"questions": [{"question": "what is it?", "answer": "it"}]})
    return json.dumps(
        {"answer": "it"} if "Answer a question" in prompt else {"correct": "yes", "score": len(prompt) % 6}
    )


@pytest.mark.parametrize("kind", [AutoDQ, CaptionQA])
def test_judged_metrics_keep_the_promises_of_metrics(tmp_path: Path, kind: type) -> None:
    metric = kind(Judge(always, "1", tmp_path / "a.jsonl", name="content"))
    check_metric(lambda: metric)


def test_fields_are_not_read_for_fields() -> None:
    filled = load_prompt("judge_events").fill(description="{{events}}", events="1. x")
    assert filled.count("1. x") == 1
    assert "{{events}}" in filled


def test_kappa_against_scikit_learn() -> None:
    from sklearn.metrics import cohen_kappa_score

    a, b = list("yynnyynyxy"), list("ynnnyyyyxx")
    assert kappa(a, b) == pytest.approx(cohen_kappa_score(a, b))
    assert kappa(["y"] * 3, ["y"] * 3) == 1
    assert kappa([], []) == 0


def test_two_judges(
    judge: Callable[..., Judge],
    server: SimpleNamespace,
    tmp_path: Path,
    vidcap: Callable[..., SimpleNamespace],
) -> None:
    """The second judge calls all of it entailed, and answers one question in another form."""
    score(AutoDQ(judge()))
    before = len(server.requests)

    def lenient(prompt: str) -> str:
        if "3. a ball rolls" in prompt:
            return "yes"
        return json.dumps({"verdicts": ["entailed"] * len(_part(prompt, "Events").splitlines())})

    server.rule = lenient
    first, second = str(tmp_path / "answers.jsonl"), str(tmp_path / "second.jsonl")
    words = [
        "judges",
        first,
        "--model",
        "judge-2",
        "--version",
        "9",
        "--answers",
        second,
        "--url",
        server.url,
    ]
    told = vidcap(*words)
    assert told.code == 0
    # judged by both: two events told in a, one told and two true ones in b; of these two are not entailed
    line = "judge_events: kappa 0.000, 60.0% of 5 judgements equal, 4 questions, malformed: 0 first, 1 second"
    assert line in told.out
    assert len(server.requests) == before + 4
    assert vidcap(*words).code == 0
    assert len(server.requests) == before + 4
    itself = vidcap(*words[:3], "judge-1", "--version", "2026-01", *words[6:])
    assert itself.code == 2
    assert "compared with itself" in itself.err


def test_on_the_command_line(
    server: SimpleNamespace, tmp_path: Path, vidcap: Callable[..., SimpleNamespace]
) -> None:
    for name, data in (("refs", REFERENCES), ("said", PREDICTIONS)):
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    judge = {"model": "judge-1", "version": "2026-01", "url": server.url, "answers": tmp_path / "a.jsonl"}
    words = [part for key, value in judge.items() for part in ("--set", f"autodq.judge.{key}={value}")]
    files = [str(tmp_path / "said.json"), str(tmp_path / "refs.json")]
    scored = vidcap("score", *files, "--metrics", "autodq", *words)
    assert scored.code == 0
    assert "AutoDQ-F1" in scored.out
