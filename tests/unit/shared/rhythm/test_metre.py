import pytest

from shared.rhythm.metre import Metre, metre_of

METRES = {
    "2/4": Metre(2, "quarter"),
    "7/4": Metre(7, "quarter"),
    "7/8": Metre(7, "eighth"),
    "6/8": Metre(2, "dotted quarter"),
    "9/8": Metre(3, "dotted quarter"),
    "12/8": Metre(4, "dotted quarter"),
}


@pytest.mark.parametrize(("signature", "metre"), METRES.items(), ids=METRES)
def test_a_time_signature_has_beats_and_a_pulse(signature: str, metre: Metre) -> None:
    assert metre_of(signature) == metre
    assert metre.time_signature == signature
