"""6/8: two dotted quarters in a bar, three eighths in each."""

from tests.evaluation.generated.grooves.style import Style

STYLES = (
    Style(
        "six-eight",
        "6/8",
        4,
        (55, 90),
        sung=1,
        anticipation=0.1,
        kick=("x.....", "x....x", "x..x.x", "x.x...", "x....o", "x.o..o"),
        snare=("...x..", "...X..", "...x.o", "..ox.."),
        hat=("xxxxxx", "Xooxoo", "XooXoo", "x.xx.x", "xoxxox", "xoxxoo"),
        bass=("kick", "roots", "two"),
        comp=("arpeggio", "strum", "block"),
    ),
    Style(
        "jig",
        "6/8",
        2,
        (94, 132),
        anticipation=0.0,
        kick=("x..x..", "x.....", "x..x.o", "X..x.."),
        snare=("..x..x", "...x..", "..o..x", "...x.o"),
        snare_notes=(54, 38),
        hat=("xxxxxx", "x.xx.x", "XoxXox", "xooxoo"),
        hat_notes=(42, 70, 54),
        bass=("two", "roots"),
        comp=("strum", "oompah"),
        lead=1.0,
    ),
    Style(
        "barcarole",
        "6/8",
        2,
        (55, 76),
        comp=("arpeggio", "stride"),
        bass=("roots",),
        lead=0.6,
        free=True,
        tags=("sparse",),
    ),
)
