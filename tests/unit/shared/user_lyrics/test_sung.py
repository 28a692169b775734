import pytest

from shared.errors import PermanentError
from shared.user_lyrics.sung import sung_rows
from shared.user_lyrics.text import MAX_BYTES, MAX_CHARACTERS, normalize

HEADINGS = """
    #CHORUS | Chorus 2x: | Final Chorus | Verse 1: Name | Припев: | Куплет 1: | Refren: | 【サビ】 |
    [Verse 1: X & Y] | (Refrain) | ## Bridge | Chorus | CHORUS | Verse One | Verse 2 | 2nd Verse |
    Second Verse: | [Chorus x2] | (Chorus x2) | Chorus (x2) | *Chorus* | **Chorus** | __Verse 1__ |
    --- Bridge --- | === OUTRO === | ~ Hook ~ | <Chorus> | {Chorus} | {start_of_chorus} | {soc} |
    {comment: Chorus} | Pre-Chorus | Prechorus: | PRE CHORUS | Post-Chorus 2 | Intro | Outro: |
    Interlude | Instrumental | Instrumental Break | (Instrumental) | Guitar Solo | (Guitar Solo) |
    [Solo] | Solo: | Bridge: | Bridge | Hook | Hook (x2) | Refrain 3x | Verse 1 - Drake |
    Verse 2 (Drake & Future) | Chorus: Rihanna & Drake | Repeat Chorus | (Repeat Chorus) |
    Repeat Chorus x2 | Chorus repeat | Middle 8 | Middle Eight: | Coda | Ad-libs: | Verse I |
    Verse IV. | Chorus A | Verse/Chorus | Intro & Verse 1 | Припев | ПРИПЕВ (2 раза) |
    Припев: 2 раза | Куплет 2 | 2 куплет | Второй куплет: | Проигрыш | Бридж: | Вступление |
    Последний припев | Приспів: | Рефрен | Refren 2x | Zwrotka 1 | Zwrotka II: | 1. zwrotka |
    Mostek | Refrén: | 1. sloka | Strophe 1 | 1. Strophe: | Strophe 2: | Refrain: | Kehrreim |
    Zwischenspiel | Letzter Refrain | Brücke: | Estribillo | ESTRIBILLO (x2) | Estrofa 1 | Coro: |
    (Coro) | Coro x2 | Puente: | Pre-coro | Pre-estribillo | Verso 1 | Último coro | Couplet 1 |
    Couplet 2 : | Refrain : | Pont | Pré-refrain | Refrão | Refrão: | Refrão 2x | Pré-refrão |
    Verso 2: | Ponte: | Ritornello | Strofa 1 | Strofa 2: | Bridge - Ponte | Pre-ritornello |
    Refräng | Vers 1 | Omkvæd | Refreng: | Kertosäe | Säkeistö 1 | Refrein: | Nakarat | Nakarat: |
    Nakarat x2 | 1. Kıta | Ρεφρέν | Κουπλέ 1 | פזמון: | פזמון | בית 1 | בית א: | اللازمة: |
    المقطع الأول | مقطع ١ | كورس | [لازمة] | (كورس) | मुखड़ा | अंतरा 1 | अंतरा १: | [कोरस] | サビ |
    サビ： | Aメロ | Bメロ： | 1番 | 1番Aメロ | 大サビ | ラストサビ | 間奏 | (間奏) | （間奏） |
    ［サビ］ | 《サビ》 | 〈サビ〉 | 〔サビ〕 |
    후렴 | 후렴: | [후렴] | 1절 | 2절: | (간주) | 브릿지 | 프리코러스 | 主歌 | 主歌1 |
    主歌1： | 副歌 | 副歌： | 【副歌】 | （副歌） |
    第一段 | 间奏 | Điệp khúc: | Điệp khúc | ท่อนฮุก | Reff: | Reff | Chorus 1 (x2): | Chorus [x2] |
    ♪ Chorus ♪ | • Chorus | > Verse 1 | (Verse 2) | Verse2 | Verse #2 | Verse no. 2 | Part 2 |
    Part II: | Rap Verse: | Spoken: | [Spoken] | Intro:  | Outro x4 | Chorus (repeat) |
    CHORUS (REPEAT 2X) | Chorus, x2 | Final Chorus (2x) | Double Chorus | Last Chorus: |
    Vocal Break: | Drum Break | Breakdown | Piano Interlude |
    副歌x2 | पल्लवी | کورس | बंद 1 | V1: | Ch: | Ref.: | (Ref) | R: | Zwr. 1 | Str. 2: |
    C-part | B-Teil | Schlussrefrain |
    Wdh. Refrain | Verse 2: will.i.am | 사비 | プリコーラス | לאזמה | بيت 1 | (Instrumental break 8 bars) |
    VERSE ONE | «Припев» | 2 x Chorus:
"""

SUNG = """
    rolling in my 4 x 4 | rolling in my 4x4 | 2 x 4 is 8 | Solo | solo | SOLO | Solo. | Solo, solo |
    Solo solo solo | Coro | Break | Break it down | Drop it | Music | Música | Stop the music |
    The end | This is the end | All the music | Chorus girls dance | A bridge over the water |
    Bridge over troubled water | Verse by verse | I sing a chorus | Hook me up | Intro to love |
    Final countdown | Part of me | One last break | Last dance | Un coro de voces | Ponte de pie |
    Puente de plata | Solo tú | Sólo | solo quiero bailar | Nur ein Refrain bleibt |
    My number is 5:15 | At 5:15 I go | 24 hours | 99 | 1 2 3 4 | One two three four |
    A B C D E F G | A, B, C | Do re mi | Do Re Mi Fa Sol La Si Do | La la la | La La La |
    Am I wrong | Em | Go | A | I | Dm me | #1 in my heart | #blessed | I <3 you | Rock & roll |
    R&B | She said: | And I said: hello | Listen: it is raining | Music: the food of love |
    Words: they fail me | You might also like me | Embed your love in me | I read more | Share |
    Written in the stars | Written by the moonlight | Translations of love | Say my name by name |
    by the river | wait for me (wait) | (ooh, ooh) | (la la la) | (Hallelujah) | (Come on) |
    she's in my X5 | drivin' the x6 | Generation X | Times 2 | twice | Two times |
    I want it x-rated | going 24/7 | C'mon | Hey! | C.R.E.A.M. | www | Kita | Most | Pod | pants |
    Bait | Refrain from that | Strophe um Strophe | Припев поют мосты | Куплеты сердца |
    мост над рекой | מעבר לים | बंद | 一番好き | サビた心 | 合唱しよう | 心の間奏曲 | 후렴구를 불러 |
    第一段旅程 | F: hello |
    the Chorus of angels | Coro de ángeles | $100 x 2 | @ home | Mon couplet d'amour | Drop a beat |
    Build me up | Lift | lift me up | Break | Ad lib with me | no refrain | End | fin | E | Ah |
    Ha ha ha ha | B A B Y | D-I-V-O-R-C-E | H-A-P-P-Y | Bad, bad | Gee | Dad add | C C C |
    Feed back | Fade | Fade out again | Back to you | Repeat after me | repeat | Again |
    Again and again | Together | All together | Both of us | Oh (oh) oh | Say it 2 times | Up 2 u |
    No. 1 | Mambo No. 5 | Lou Bega: Mambo | 50 Cent | Album of the year | Capo | Lyrics |
    Lyrics flow | Produced by nature | See you live | Print |
    (A, B, C) | A, B, C, D, E | Ref | C 4 | B 12 | (again and again) | (all together) | Al coro | Al coro de la noche
"""


def sung_lines(text: str) -> list[str]:
    return [row.text for row in sung_rows(text)]


def test_text_is_normalized_and_loses_control_characters() -> None:
    sent = "\ufeffCafe\u0301 \r\nde\x00l\x1b Mar\u2028ol\u00e9\ttwice\r".encode()
    assert normalize(sent) == "Café\ndel Mar\nolé twice"


def test_blank_lines_are_kept_but_not_sung() -> None:
    assert normalize(b"one\n\n\ntwo\n") == "one\n\n\ntwo"
    assert sung_lines("one\n\n\ntwo") == ["one", "two"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "empty_lyrics"),
        (b" \n\t ...\n---", "empty_lyrics"),
        (b"[Chorus]\nVerse 2:\n(x2)", "empty_lyrics"),
        (b"caf\xe9", "invalid_lyrics"),
        (b"a" * (MAX_CHARACTERS + 1), "lyrics_too_long"),
        ("猴".encode() * (MAX_CHARACTERS + 1), "lyrics_too_long"),
        (b"\xff" * (MAX_BYTES + 1), "lyrics_too_long"),  # it is not even decoded
        (b"[00:01]" * 200 + b"la\n" * 200, "lyrics_too_long"),
    ],
)
def test_text_that_cannot_be_sung_is_refused(sent: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        normalize(sent)
    assert refused.value.code == code


def test_lyrics_of_the_maximum_length_may_have_decomposed_accents() -> None:
    assert normalize(("e\u0302\u0301" * MAX_CHARACTERS).encode()) == "ế" * MAX_CHARACTERS


def test_many_marks_on_a_letter_are_divided() -> None:
    rows = normalize(("a" + "\u0327" * 100).encode()).split("\u034f")
    assert [row.count("\u0327") for row in rows] == [30, 30, 30, 10]


def test_line_endings_do_not_count_toward_the_maximum_length() -> None:
    assert len(normalize(b"a\r\n" * (MAX_CHARACTERS // 2))) == MAX_CHARACTERS - 1


@pytest.mark.parametrize(
    "line",
    ["[Chorus]", "[Verse 1: both]", "Verse 1:", "verse 2", "(Chorus)", "PRE-CHORUS:", "Bridge", "Estribillo", "(x2)",
     "x3", "[ti:River]", "Verse IV", "Outro (x2)"],
)  # fmt: skip
def test_names_of_sections_and_repetitions_are_not_sung(line: str) -> None:
    assert sung_lines(f"la la\n{line}\nlo lo") == ["la la", "lo lo"]


@pytest.mark.parametrize(
    ("line", "sung"),
    [
        ("Sing it louder (x2)", "Sing it louder"),
        ("Sing it louder x2", "Sing it louder"),
        ("[00:12.34]<00:12.34>Sing <00:12.90>it", "Sing it"),
        ("Hey [softly] you", "Hey you"),
        ("Hey 【a【b】c】 you", "Hey you"),
        ("Hey # la la # lo #", "Hey la la # lo"),
        ("A bridge over the water", "A bridge over the water"),
        ("Chorus girls dance", "Chorus girls dance"),
        ("(ooh, ooh)", "(ooh, ooh)"),
        ("2 x 4 is 8", "2 x 4 is 8"),
        ("24 hours", "24 hours"),
    ],
)
def test_sung_lines_lose_only_their_annotations(line: str, sung: str) -> None:
    assert sung_lines(line) == [sung]


def test_a_long_run_of_spaces_is_collapsed_quickly() -> None:
    assert sung_lines("verse" + " " * 15_000 + "and soul") == ["verse and soul"]


@pytest.mark.parametrize("heading", [each.strip() for each in HEADINGS.split(" |")])
def test_headings_of_any_form_and_language_are_not_sung(heading: str) -> None:
    verse, chorus = ["la la one", "la la two"], ["lo lo three", "lo lo four"]
    for blank in ([], [""]):
        assert sung_lines("\n".join([*verse, "", heading, *blank, *chorus])) == [*verse, *chorus]
        assert sung_lines("\n".join([heading, *blank, *chorus, "", *verse])) == [*chorus, *verse]


@pytest.mark.parametrize("line", [each.strip() for each in SUNG.split(" |")])
def test_a_sung_line_is_never_lost(line: str) -> None:
    verse = ["la la one", "la la two", line, "la la three"]
    assert sung_lines("\n".join(verse)) == verse
    assert sung_lines("\n".join(["lo lo", "lo la", "", *verse, "", "lo lo", "lo la"])) == [
        "lo lo", "lo la", *verse, "lo lo", "lo la",
    ]  # fmt: skip


def test_a_word_that_is_also_sung_is_a_heading_only_where_a_section_begins() -> None:
    assert sung_lines("one two\nthree\n\nSolo\n\nfour\nfive six") == ["one two", "three", "four", "five six"]
    assert sung_lines("one two\nSolo\nthree") == ["one two", "Solo", "three"]
    assert sung_lines("one two\nthree\n\nCoro\nfour five\nsix") == ["one two", "three", "four five", "six"]
    assert sung_lines("one two\nCoro\nthree") == ["one two", "Coro", "three"]


@pytest.mark.parametrize(
    ("text", "sung"),
    [
        ("Chorus: I love you baby\nyes I do", "I love you baby|yes I do"),
        ("Verse 1: Some Body & Any One\nI love you baby\nyes I do", "I love you baby|yes I do"),
        (
            "Verse 1: Some Body\nla la la la\n\nVerse 2: Any One\nla\n\nOutro: All Of Them\nla lo",
            "la la la la|la|la lo",
        ),
        ("Chorus: (ooh) I love you", "(ooh) I love you"),
        ("Chorus: Hallelujah\nHallelujah\nla", "Hallelujah|Hallelujah|la"),
        ("男：天青色等烟雨\n女：而我在等你\nBoth: hey you", "天青色等烟雨|而我在等你|hey you"),
        ("Ana:\nla la\nlo\n\nBo:\nlo lo\nla", "la la|lo|lo lo|la"),
        ("Xyzab 1:\nla la\nlo\n\nXyzab 2:\nlo lo\nla", "la la|lo|lo lo|la"),
        (
            "1. Amazing grace\nhow sweet\n\n2. 'Twas grace\nthat taught",
            "Amazing grace|how sweet|'Twas grace|that taught",
        ),
        ("# My Title\n\n## Verse 1\nhello\n\n## From a hill\nla la", "hello|la la"),
        ("Hello\n\nSolo\n\nI love\n\nyou\n\nCoro\n\nwe love", "Hello|Solo|I love|you|Coro|we love"),
        ("♪ Hello ♪\n♫", "Hello"),
    ],
)
def test_labels_numbers_and_titles_are_not_sung(text: str, sung: str) -> None:
    assert sung_lines(text) == sung.split("|")


PAGES = {
    "123 ContributorsTranslationsEspañolMy Song Lyrics[Verse 1: X & Y]\nI love you\nYou might also like[Chorus]\n"
    "You love me\nSee X LiveGet tickets as low as $50\nYes you do45Embed": "I love you|You love me|Yes you do",
    "12 Contributors\nTranslations\nEspañol\nMy Song Lyrics\nThis song is about… Read More\n[Verse 1]\nI love you\n\n"
    "You might also like\n\n[Chorus]\nYou love me\nEmbed": "I love you|You love me",
    '"Hello" lyrics\nSome Singer Lyrics\n\nHello, it\'s me\n\nSubmit Corrections\nThanks to Bo for adding these '
    "lyrics.\nWriter(s): Some Writer, An Other\nAZLyrics.com": "Hello, it's me",
    "Hello\nIt's me\n...\n******* This Lyrics is NOT for Commercial use *******\n(1409617829201)\n"
    "Lyrics powered by www.musixmatch.com": "Hello|It's me",
    "Hello\nIt's me\nSource: LyricFind\nSongwriters: Some Writer / Other\nHello lyrics © Some Music\n"
    "Lyrics licensed & provided by LyricFind": "Hello|It's me",
    "Paroles de la chanson Salut par Quelqu'un\n\nSalut\nC'est moi\n\nParoliers : Un Auteur\n"
    "Paroles2Chansons.com": "Salut|C'est moi",
    "Letra de la canción Hola\nLetra: Uno\nLetra y música: Dos\n\nHola\nSoy yo\nFuente: Musixmatch": "Hola|Soy yo",
    "Songtext von Jemand\nText: Eins\nMusik: Zwei\n\nHallo\nIch bin's": "Hallo|Ich bin's",
    "Текст песни Привет\nСлова: Кто-то\nМузыка: Другой\n\nПривет\nЭто я": "Привет|Это я",
    "作詞：誰か\n作曲・編曲：誰か\n歌：誰か\n\n君が好き\n花が咲く": "君が好き|花が咲く",
    "作词 : 某人\n作曲 : 某人\n制作人 : 某人\n天青色等烟雨\n而我在等你": "天青色等烟雨|而我在等你",
    "작사: 누구\n작곡: 누구\n\n사랑해": "사랑해",
}


@pytest.mark.parametrize("page", PAGES)
def test_what_sites_add_is_not_sung(page: str) -> None:
    assert sung_lines(page) == PAGES[page].split("|")


CHORDS = {
    "Am      F       C     G\nHello it's me\nAm  F   C   G\nI was\nC  G\nhere": "Hello it's me|I was|here",
    "| C | G/B | Am7 | F#m7b5 |\nHello from\nA   E   D\nthe other side\nN.C.\nbye": "Hello from|the other side|bye",
    "{title: Hello}\n{start_of_chorus}\n[Am]Hello it's [F]me\nbeau[C]tiful\n{eoc}": "Hello it's me|beautiful",
    "e|---0---2---|\nB|---1h3--3---|\nHello\n": "Hello",
    "Lam     Fa     Do   Sol7\nHola soy yo\nRem   La7\nLa la la\nDo Re Mi": "Hola soy yo|La la la|Do Re Mi",
    "Dsus4 Cadd9 Em7/B  (x2)\nHello\nBb - Eb - Gm\nyou": "Hello|you",
}


@pytest.mark.parametrize("sheet", CHORDS)
def test_chords_and_tablature_are_not_sung(sheet: str) -> None:
    assert sung_lines(sheet) == CHORDS[sheet].split("|")


@pytest.mark.parametrize(
    "line",
    [
        "Sing it (bis)",
        "Sing it (2 veces)",
        "Sing it (2x)",
        "Sing it ×2",
        "Sing it 3x",
        "Sing it (twice)",
        "Sing it x 2",
    ],
)
def test_repetitions_are_not_sung(line: str) -> None:
    assert sung_lines(line) == ["Sing it"]


@pytest.mark.parametrize(
    "text", ["a\n" * 10_000, "Verse 1: Name\n" * 1400, "C" + "-" * 19_999, "1" * 20_000, "[" * 20_000]
)
@pytest.mark.timeout(20)
def test_any_text_is_read_quickly(text: str) -> None:
    sung_lines(text)
