"""Random events with hostile contents, as a compromised service might publish them.

Most are valid: their values are the extremes that the models allow. Each may have one value that is beyond them.
"""

import json
from typing import Any

from hypothesis import strategies as st

from shared.tasks import Task

JOB_IDS = ("a", "b", "c", "D-" + 62 * "9")
HUGE = "<huge>"
"""Stands for 100,000 characters: hypothesis reports examples as they are."""

WILD: tuple[Any, ...] = (
    2**53,
    2**63,
    2**64,
    10**30,
    -1,
    1e308,
    -1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
    "\ud800",
    None,
    [],
    "",
)
WILD_MOMENTS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", 1e18, -1e18, "0001-01-01T00:00:00Z")

counts = st.sampled_from([0, 1, 2, 3, 2**31, 2**53 - 1])
ordinals = st.sampled_from([1, 2, 3, 2**53 - 1])
durations = st.sampled_from([0, 0.0, 5e-324, 1e-9, 0.001, 180.5, 1e9])
fractions = st.one_of(st.none(), st.sampled_from([0, 5e-324, 0.5, 1]))
floats = st.sampled_from([0.0, -0.0, 5e-324, -1e308, 1e308, 120.5])
texts = st.one_of(
    st.sampled_from(["", "\0", "$set", "a.b", "\u202e\n\x1b[2J", "..", "/etc/passwd", 255 * "x", "\U0001f600", HUGE]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
short_texts = texts.filter(lambda text: text != HUGE)
moments = st.sampled_from(
    [
        *("2026-01-01T00:00:00Z", "2024-02-29T23:59:59.999999+23:59", "1970-01-01T00:00:00Z", 0),
        *("2999-12-31T23:59:59.999Z", "1970-01-01T23:59:00+23:59", "2999-12-31T00:01:00-23:58"),
    ]
)
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
    short_texts.map("http://{}/".format),
    short_texts,
)
tasks = st.sampled_from([task.value for task in Task])
file_names = st.sampled_from(["vocals.wav", "a.b.c", f"{5000 * 'a'}.b"])

songs = st.fixed_dictionaries(
    {"name": short_texts, "file_size": counts, "audio_duration": durations},
    optional={
        "audio": st.fixed_dictionaries(
            {},
            optional={
                "filled_seconds": durations,
                "channels": ordinals,
                "gain_db": st.sampled_from([0, -1e308, -1]),
                "clipped": st.booleans(),
            },
        )
    },
)
options = st.fixed_dictionaries(
    {},
    optional={
        "tasks": st.lists(tasks, min_size=1, max_size=5),
        "language": st.sampled_from(["zz", "abc"]),
        "model": st.just(64 * "a"),
    },
)
results = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("stems"), "model": texts}
        | dict.fromkeys(("vocals", "drums", "bass", "other", "instrumental"), file_names)
    ),
    st.fixed_dictionaries(
        {"kind": st.just("lyrics"), "model": texts, "language": texts, "word_count": counts}
        | dict.fromkeys(("transcription", "lrc", "srt", "vtt"), file_names),
        optional={"language_probability": fractions},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("rhythm"), "tempo_bpm": floats, "beat_count": counts, "time_signature": texts}
        | {"beat_confidence": fractions, "rhythm_regularity": fractions, "beats": file_names},
        optional={"key": texts, "refined": st.booleans()},
    ),
)
rhythms = st.fixed_dictionaries(
    {"tempo_bpm": st.sampled_from([5e-324, 60, 1e308]), "beat_count": counts}
    | {"time_signature": st.one_of(st.none(), short_texts.map(lambda text: text[:10]))}
)
stamp = {"job_id": st.sampled_from(JOB_IDS), "at": moments}
place = stamp | {"task": tasks, "attempt": ordinals, "seq": counts}
run = {"run": counts}

valid: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        stamp | {"type": st.just("job_submitted"), "song": songs, "options": options},
        optional={"owner": st.just(64 * "o"), "callback_url": urls},
    ),
    st.fixed_dictionaries(
        stamp | {"type": st.just("job_retried"), "run": ordinals, "tasks": st.lists(tasks, max_size=3)}
    ),
    st.fixed_dictionaries(
        stamp | {"type": st.just("rhythm_corrected"), "number": ordinals, "rhythm": st.one_of(st.none(), rhythms)}
    ),
    st.fixed_dictionaries(
        stamp
        | {"type": st.just("lyrics_corrected"), "number": ordinals}
        | {"lyrics": st.one_of(st.none(), st.fixed_dictionaries({"word_count": counts}))}
    ),
    st.fixed_dictionaries(stamp | {"type": st.just("alignment_requested"), "number": ordinals}),
    st.fixed_dictionaries(
        stamp
        | {"type": st.just("alignment_completed"), "number": ordinals, "correction": ordinals}
        | {"lyrics": st.fixed_dictionaries({"word_count": counts})}
    ),
    st.fixed_dictionaries(
        stamp | {"type": st.just("alignment_failed"), "number": ordinals, "error": texts, "error_code": texts}
    ),
    st.fixed_dictionaries(stamp | {"type": st.sampled_from(["job_cancelled", "job_expired"])}),
    st.fixed_dictionaries(place | {"type": st.just("task_started")}, optional=run),
    st.fixed_dictionaries(
        place | {"type": st.just("task_progressed"), "progress": st.sampled_from([0, 1, 100])}, optional=run
    ),
    st.fixed_dictionaries(place | {"type": st.just("task_previewed"), "lines": ordinals}, optional=run),
    st.fixed_dictionaries(
        place | {"type": st.just("task_completed"), "result": results, "processing_time": durations},
        optional=run | {"refined": st.booleans()},
    ),
    st.fixed_dictionaries(
        place | {"type": st.just("task_failed"), "summary": texts, "error": texts, "error_code": texts},
        optional=run | {"processing_time": durations},
    ),
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Generate an event; in one of three, one value is beyond what the model allows."""
    document = draw(valid)
    if draw(st.integers(0, 2)) == 0:
        inner = [value for value in document.values() if isinstance(value, dict) and value]
        target = draw(st.sampled_from([document, *inner]))
        name = draw(st.sampled_from([name for name in target if name not in ("type", "job_id", "task", "kind")]))
        target[name] = draw(st.sampled_from(WILD_MOMENTS if name == "at" else WILD))
    return document


bodies = documents().map(lambda document: json.dumps(document).encode())
headers = st.dictionaries(
    st.sampled_from(["traceparent", "tracestate", "x-earlier-attempts", "x-spared-attempts", "x-republished"]),
    st.one_of(
        st.sampled_from([-1, 2**31, 2**62, bytearray(b"\xff"), True, "many", ["a"], {"a": 1}]), st.integers(0, 5)
    ),
    max_size=2,
)
messages = st.tuples(bodies, headers)


def expanded(body: bytes) -> bytes:
    return body.replace(HUGE.encode(), 100_000 * b"x")


def routing_key(body: bytes) -> str:
    """Return the key under which the event's service would publish it, for a task of beats."""
    document = json.loads(body)
    subject = [document[name] for name in ("type", "task") if name in document]
    return ".".join([*subject, "ready", Task.BEAT_ANALYSIS])
