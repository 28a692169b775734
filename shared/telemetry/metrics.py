"""The names of all metrics."""

from prometheus_client import Counter, Gauge, Histogram

from shared.telemetry import memory

SNAPSHOT_BUCKETS = (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
TASK_BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800)
VISIBLE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

UPLOADS = Counter("karaoke_uploads_total", "Uploads by the code of their response.", ["code"])
UPLOAD_SECONDS = Histogram(
    "karaoke_upload_seconds", "Seconds from the request to the response of an upload.", buckets=TASK_BUCKETS
)
CONFINED = Gauge(
    "karaoke_children_confined", "1 if this measure confines the children that read audio files.", ["measure"]
)

TASKS = Counter("karaoke_tasks_total", "Attempts at tasks by outcome.", ["task", "outcome"])
TASK_ERRORS = Counter("karaoke_task_errors_total", "Unsuccessful attempts at tasks by error code.", ["task", "code"])
TASK_SECONDS = Histogram("karaoke_task_seconds", "Seconds per attempt at a task.", ["task"], buckets=TASK_BUCKETS)
PHASE_SECONDS = Histogram(
    "karaoke_task_phase_seconds",
    "Seconds of an attempt by phase: `queue` (first attempts only), `load`, `compute` and `write`.",
    ["task", "phase"],
    buckets=TASK_BUCKETS,
)
AUDIO_SECONDS = Counter("karaoke_audio_seconds_total", "Seconds of audio in the songs that were processed.", ["task"])
GPU_PEAK = Gauge("karaoke_gpu_memory_peak_bytes", "Peak GPU memory that torch used in the last task.", ["task"])
GPU_USED = Gauge("karaoke_gpu_memory_used_bytes", "GPU memory in use by all processes after the last task.", ["task"])
GPU_TOTAL = Gauge("karaoke_gpu_memory_total_bytes", "Memory of the GPU.", ["task"])

JOBS = Counter(
    "karaoke_jobs_total",
    "Ended jobs by outcome, approximately: a job counts twice if its last event is redelivered or two replicas fold "
    "its last events at the same time, and not at all if the database or the replica fails just after the fold.",
    ["outcome"],
)
JOB_SECONDS = Histogram(
    "karaoke_job_seconds", "Seconds from a job's submission to its first completion.", buckets=TASK_BUCKETS
)
FOLDED = Counter("karaoke_events_folded_total", "Events folded into documents, duplicates included.", ["type"])
VISIBLE_SECONDS = Histogram(
    "karaoke_event_visible_seconds", "Seconds from an event until readers can see it.", buckets=VISIBLE_BUCKETS
)
TASKS_WAITING = Gauge(
    "karaoke_tasks_waiting", "Tasks that are ready but not started; every replica reports the same value.", ["task"]
)
QUEUE_LAG = Gauge(
    "karaoke_queue_lag_seconds",
    "Seconds that the first of these tasks has waited; the same from all replicas.",
    ["task"],
)
STORAGE_ERRORS = Counter(
    "karaoke_storage_errors_total", "Requests to the storage that it did not answer, or for which it refused access."
)
EVENTS_REFUSED = Counter(
    "karaoke_events_refused_total",
    "Events that status did not fold by reason: `undecodable`, `unfoldable` for one that fails on its own, or "
    "`unsigned` for a submission without a valid signature, `wrong_key` for an event under another's routing key.",
    ["reason"],
)
JOBS_LEFT_OUT = Counter("karaoke_jobs_left_out_total", "Jobs that a sweep left out because of an unexpected error.")
DEAD_LETTERS = Counter("karaoke_dead_letters_total", "Messages that the broker dead-lettered.", ["queue"])
SNAPSHOT_SECONDS = Histogram(
    "karaoke_queue_snapshot_seconds", "Seconds to read all unfinished jobs once.", buckets=SNAPSHOT_BUCKETS
)
STREAMS = Gauge("karaoke_streams", "Open streams of server-sent events.")
EVENTS_SENT = Counter("karaoke_events_sent_total", "Documents sent to event streams.")
CALLBACKS = Counter("karaoke_callbacks_total", "Attempts to send a callback by outcome.", ["outcome"])
EXPIRED = Counter("karaoke_jobs_expired_total", "Jobs deleted because they expired.")

READINESS = Counter("karaoke_readiness_total", "Responses of /readyz: `ready`, or the code of the problem.", ["code"])
MEMORY_USED = Gauge("karaoke_memory_used_bytes", "Memory of the container that cannot be reclaimed; 0 if unknown.")
MEMORY_LIMIT = Gauge("karaoke_memory_limit_bytes", "Memory limit of the container; 0 without a limit.")
MEMORY_USED.set_function(memory.used_bytes)
MEMORY_LIMIT.set_function(memory.limit_bytes)


def initialize_labels(counter: Counter, *labels: tuple[str, ...]) -> None:
    """Export a counter as 0 from the start: Prometheus sees no increase in a counter that first appears as 1."""
    for values in labels:
        counter.labels(*values)
