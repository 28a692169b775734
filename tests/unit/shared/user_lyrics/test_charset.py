import pytest

from shared.errors import PermanentError
from shared.user_lyrics.charset import decode


@pytest.mark.parametrize(
    ("text", "codec", "charset"),
    [
        ("café", "latin-1", "ISO-8859-1"), ("“café” €", "cp1252", "latin1"), ("привет", "koi8-r", "KOI8-R"),
        ("привет", "cp1251", "windows-1251"), ("猴子①", "cp932", "Shift_JIS"), ("猴子", "cp932", "x-sjis"),
        ("猴子", "gb18030", "GB2312"), ("猴子", "big5", "Big5"), ("원숭이", "euc_kr", "ks_c_5601-1987"),
        ("猴子", "euc_jp", "EUC-JP"), ("猴子", "iso2022_jp", "iso-2022-jp"), ("ลิง", "cp874", "tis-620"),
        ("șarpe", "iso8859_16", "ISO-8859-16"), ("café", "utf-8", "us-ascii"), ("café", "utf-8", None),
        ("café", "utf-8-sig", None), ("café", "utf-8-sig", "latin-1"), ("café 猴子", "utf-16", None),
        ("café 猴子", "utf-32", None), ("one line\nof Latin", "utf-16-le", None), ("one line", "utf-16-be", None),
        ("猴子", "utf-16-le", "utf-16"), ("猴子", "utf-16-be", "UTF-16BE"), ("", "utf-8", None),
    ],
)  # fmt: skip
def test_text_is_decoded_by_its_mark_or_its_declared_charset(text: str, codec: str, charset: str | None) -> None:
    assert decode(text.encode(codec), charset) == text


@pytest.mark.parametrize(
    "charset", ["klingon-8", "hex", "rot13", "zip", "unicode_escape", "idna", "a\0b", "x-", "../x"]
)
def test_an_unknown_charset_is_refused_by_name(charset: str) -> None:
    with pytest.raises(PermanentError) as refused:
        decode(b"la la", charset)
    assert refused.value.code == "unknown_charset"
    assert repr(charset) in refused.value.summary


@pytest.mark.parametrize(
    ("body", "charset", "name"),
    [
        (b"caf\xe9", None, "UTF-8"),
        (b"caf\xe9", "utf-8", "utf-8"),
        (b"\x81", "euc-jp", "euc-jp"),
        (b"\xff\xfe\x00\xd8", None, "UTF-16-LE"),
    ],
)
def test_text_in_another_charset_than_declared_is_refused(body: bytes, charset: str | None, name: str) -> None:
    with pytest.raises(PermanentError, match=name) as refused:
        decode(body, charset)
    assert refused.value.code == "invalid_lyrics"
