"""The settings that the sweep led to: `deploy/k8s/components/keda` has the same ones, and a test sees to it."""

from typing import Final

from bench.simulation.policy import Policy

DESIGN_SONGS: Final = 10_000
"""Songs a day that the maxima are for."""

WAIT_SECONDS: Final = {"separator": 60, "transcriber": 120, "beats": 60}
"""Within this time 95 of 100 tasks are to start at so many songs a day, as cheaply as may be."""

CHOSEN: Final = {
    "separator": Policy(target=3, polling=15, cooldown=300, stabilization=300, least=0, most=24),
    "transcriber": Policy(target=1.5, polling=15, cooldown=300, stabilization=300, least=0, most=60),
    "beats": Policy(target=5, polling=15, cooldown=300, stabilization=300, least=1, most=12),
}
"""What an HPA does by itself, a stabilization of 300 s and its steps, is left as it is: nothing else was better."""
