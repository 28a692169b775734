"""What is told of the event path, on figures made up."""

import io

from matplotlib.figure import Figure as Picture

from bench.figure import Measured
from bench.figures import event_path

COST = {"workers_ms": 40.0, "broker_ms": 10.0, "client_ms": 1.0}
OURS = {**COST, "jobs_per_second": 20.0, "services_ms": 9.0, "database_ms": 5.0}
PEER = {**COST, "jobs_per_second": 30.0, "redis_ms": 2.0}


def _measured(**p99: float) -> Measured:
    part = {"count": 100, "p50": 10.0, "p90": 20.0, "p99": 30.0, "most": 40.0}
    return {
        "loads": {"ours": [OURS, OURS], "Celery": [PEER, PEER]},
        "alone_ms": {"ours": [50.0, 60.0, 70.0], "Celery": [40.0, 41.0, 42.0]},
        "delays_ms": {name: part | {"p99": p99.get(name, 30.0)} for name in ("started", "followed", "polled")},
    }


def test_what_becomes_visible_late_misses_its_goal() -> None:
    assert [goal.met for goal in event_path.goals(_measured(polled=250))] == [True, True, True]
    assert [goal.met for goal in event_path.goals(_measured(polled=251))] == [True, True, False]


def test_the_table_adds_up_what_a_job_costs() -> None:
    rows = event_path.table(_measured()).splitlines()
    assert rows[2] == "| ours | 20.0 | 65.0 | 40.0 | 9.0 | 10.0 | 5.0 | 1.0 | 60 ms | 70 ms |"
    assert rows[3] == "| Celery | 30.0 | 53.0 | 40.0 | 0.0 | 10.0 | 2.0 | 1.0 | 41 ms | 42 ms |"
    assert rows[-1] == "| published to visible, polled | 100 | 10 ms | 20 ms | 30 ms | 40 ms |"


def test_the_plot_can_be_drawn() -> None:
    picture = Picture(figsize=(7, 3), layout="constrained")
    event_path.plot(_measured(), picture)
    picture.savefig(drawn := io.BytesIO(), format="svg")
    assert drawn.getvalue().count(b"<path") > 20
