import pytest

from bench.markdown import filled


def test_a_place_in_a_page_is_filled_repeatedly() -> None:
    text = filled("a\n<!-- x -->\n<!-- end -->\nb", {"x": "old"})
    assert filled(text, {"x": "new"}) == "a\n<!-- x -->\n\nnew\n\n<!-- end -->\nb"
    with pytest.raises(ValueError, match="no place for 'y'"):
        filled(text, {"y": ""})
