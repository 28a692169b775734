"""Random messages that have the form of events, with hostile contents: what a compromised service might publish."""

import json
from typing import Any

from hypothesis import strategies as st

from shared.tasks import Task

JOB_IDS = ("a", "b", "c", "D-" + 62 * "9")

numbers: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(
        [0, 1, 2, 99, 2**31, 2**53 - 1, 2**53, 2**63, 2**64, 10**30, -1, -(2**63), 1e9, 1e308, 5e-324, -0.0, 0.5]
    ),
    st.sampled_from([float("inf"), float("-inf"), float("nan"), True, "1"]),
    st.integers(0, 3),
)
texts = st.one_of(
    st.sampled_from(
        ["", "\0", "\ud800", "$set", "a.b", "\u202e\n\x1b[2J", "..", "/etc/passwd", 300 * "x", 40_000 * "\x01"]
    ),
    st.text(max_size=20),
)
offsets = st.sampled_from(["Z", "+14:00", "-14:00", "+23:59", "-23:59"])
moments = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["2026-01-01T00:00:00", "2024-02-29T23:59:59.999999"]), offsets),
    st.builds("{}{}".format, st.sampled_from(["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"]), offsets),
    st.sampled_from(["1970-01-01T00:00:00Z", "2999-12-31T23:59:59.999Z", 0, 1e18, -1e18]),
)
names = st.sampled_from([*Task, "melody"])
tasks = st.lists(st.sampled_from(Task), min_size=1, max_size=5)
urls = st.one_of(
    st.sampled_from(
        [
            *("http://xn--/", "http://[::1", "http://a..b/", "http://%00/", "http://x:99999/", "https://\u2024/"),
            *("http://xn--0/", "http://[v1.a]/", "http://[fe80::1%25eth0]/", "http://u:p@h/", "javascript:0", "//h"),
            *(
                "http://" + 1900 * "a",
                "http://" + 60 * "\u00e4",
                "http://\U0001f600.\u3002/",
                "http:///",
                "http://h:0/",
            ),
        ]
    ),
    st.text(max_size=20).map("http://{}/".format),
    texts,
)
file_names = st.sampled_from(["vocals.wav", "a.b.c", f"{5000 * 'a'}.b", "../x"])

songs = st.fixed_dictionaries(
    {"name": texts, "file_size": numbers, "audio_duration": numbers},
    optional={
        "audio": st.fixed_dictionaries(
            {}, optional={"filled_seconds": numbers, "channels": numbers, "gain_db": numbers, "clipped": st.booleans()}
        )
    },
)
options = st.fixed_dictionaries({}, optional={"tasks": tasks, "language": texts, "model": texts})
results = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("stems"), "model": texts}
        | dict.fromkeys(("vocals", "drums", "bass", "other", "instrumental"), file_names)
    ),
    st.fixed_dictionaries(
        {"kind": st.just("lyrics"), "model": texts, "language": texts, "word_count": numbers}
        | dict.fromkeys(("transcription", "lrc", "srt", "vtt"), file_names),
        optional={"language_probability": numbers},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("rhythm"), "tempo_bpm": numbers, "beat_count": numbers, "time_signature": texts}
        | {"beat_confidence": st.none(), "rhythm_regularity": numbers, "beats": file_names},
        optional={"key": texts, "refined": st.booleans()},
    ),
)
stamp = {"job_id": st.sampled_from(JOB_IDS), "at": moments}
place = stamp | {"task": names, "attempt": numbers, "seq": numbers}
run = {"run": numbers}

documents: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        stamp | {"type": st.just("job_submitted"), "song": songs, "options": options},
        optional={"owner": texts, "callback_url": urls},
    ),
    st.fixed_dictionaries(stamp | run | {"type": st.just("job_retried"), "tasks": st.lists(names, max_size=3)}),
    st.fixed_dictionaries(stamp | {"type": st.sampled_from(["job_cancelled", "job_expired"])}),
    st.fixed_dictionaries(place | {"type": st.just("task_started")}, optional=run),
    st.fixed_dictionaries(place | {"type": st.just("task_progressed"), "progress": numbers}, optional=run),
    st.fixed_dictionaries(
        place | {"type": st.just("task_completed"), "result": results, "processing_time": numbers},
        optional=run | {"refined": st.booleans()},
    ),
    st.fixed_dictionaries(
        place | {"type": st.just("task_failed"), "summary": texts, "error": texts, "error_code": texts},
        optional=run | {"processing_time": numbers},
    ),
)
bodies = documents.map(lambda document: json.dumps(document).encode())


def routing_key(body: bytes) -> str:
    """Return the key under which the event's service would publish it, for a task of beats."""
    document = json.loads(body)
    subject = [document[name] for name in ("type", "task") if name in document]
    return ".".join([*subject, "ready", Task.BEAT_ANALYSIS])


headers = st.dictionaries(
    st.sampled_from(["traceparent", "tracestate", "x-earlier-attempts", "x-spared-attempts", "x-republished"]),
    st.one_of(st.sampled_from([-1, 2**31, 2**62, b"\xff", True, "many", ["a"], {"a": 1}]), st.integers(0, 5)),
    max_size=2,
)
messages = st.tuples(bodies, headers)
