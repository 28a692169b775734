"""2/4."""

from tests.evaluation.generated.grooves.style import Style

STYLES = (
    Style(
        "march",
        "2/4",
        2,
        (96, 124),
        kits=(48, 0),
        anticipation=0.0,
        kick=("x...x...", "x.......", "x.....x.", "x...o..."),
        snare=("x.xxx.xx", "..xxx.x.", "xoxxx.xo", "....x.xx"),
        bass=("two",),
        comp=("oompah", "block"),
        lead=0.8,
    ),
    Style(
        "polka",
        "2/4",
        2,
        (104, 138),
        anticipation=0.0,
        kick=("x.x.", "x...", "x.xo", "X.x."),
        snare=(".x.x", "..x.", ".X.X", ".x.o"),
        hat=("xxxx", "x.x.", "xoxo", ".x.x"),
        bass=("two",),
        comp=("oompah",),
        lead=0.9,
    ),
    Style(
        "habanera",
        "2/4",
        2,
        (58, 76),
        tags=("habanera", "syncopated"),
        sung=1,
        kick=("x..xx.x.", "x..x....", "x...x.x.", "x..x..x."),
        snare=("......x.", "....x.x.", "......xo", "......x."),
        hat=("xxxx", "xoxo", "x.xx", "xoxx"),
        hat_notes=(42, 70, 54),
        bass=("habanera",),
        comp=("stabs", "picking"),
        lead=0.5,
    ),
)
