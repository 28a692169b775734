"""Lines that lyrics sites and players add around the words: credits, titles, links and parts of their pages."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from shared.user_lyrics.headings import fold

MAX_BETWEEN = 4
"""Credits end before this many other lines."""
CONTRIBUTORS = re.compile(r"\d[\d,.]*K? Contributors?.*")
TITLE_AND_ARTIST = re.compile(r"(?=.*\S\Z)\S.*? [-–—] .+")
PAGE_WORD = re.compile(r"translations?|read more|contributors?|embed", re.IGNORECASE)
PAGE_TITLE = re.compile(r".*\bLyrics(?=\[|$).*|.*\bRead More\s*(?=\[|$).*")
LAST_IN_PAGE_HEAD = 40  # lines
ADVERTISEMENT = re.compile(
    r"You might also like(?=$|\s*[\[A-ZÀ-ÞА-Я])|See .{1,100} Live\s?Get tickets as low as \$[\d,.]+"
)
EMBED = re.compile(r"(?<!\d)\d*(?:\.\d+)?K?Embed$")
ADDRESS = re.compile(
    r"(?:\S+\s+)?(?:https?://|www\.)\S+(?:\s+\S+)?|[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|info|ru|br|fr|de|it|es|pl|cz|jp|me|app|lyrics)(?:/\S*)?",
    re.IGNORECASE,
)
NOTICE = re.compile(
    r"(?:lyrics?|songtext|paroles|letras?|testo)\b.*\b(?:powered|licensed|provided|fournies|proporcionad[ao]s?)\b.*"
    r"|powered by \S.*|(?:.*\blyrics?\s*)?(?:©|℗|\(c\)\s*\d{4}|copyright\b).*|.*\ball rights reserved\b.*"
    r"|.*\bnot for commercial use\b.*|(?:re-?)?(?:sync(?:hroni[sz])?ed|subtitles|subtitled|captions|captioned|lrc)"
    r"(?: (?:and|&) \w+)? by\b.*|\(\d{10,}\)|submit corrections|edit lyrics|add to favou?rites"
    r"|(?>thanks to .+? for (?:adding|submitting|correcting) ).*lyrics.*",
    re.IGNORECASE,
)  # fmt: skip
TITLE = re.compile(
    r"paroles (?:de (?:la chanson|l[ae']|les)|du titre)\b.*|letra (?:de la canción|da música|de la música)\b.*"
    r"|(?:song)?text (?:von|zu|vom lied|zum lied)\b.*|testo (?:della canzone|di|del brano)\b.*|tekst piosenki\b.*"
    r"|text písně\b.*|текст песни\b.*|слова песни\b.*|текст пісні\b.*"
    r"|(?:lời bài hát|lirik lagu|كلمات أغنية|מילים לשיר)\b.*"
    r"|(?:เนื้อเพลง|歌詞|歌词)\s*[:：\s].*|.+(?:の歌詞|歌词|가사)|[\"“'«].+[\"”'»] lyrics"
    r"|şarkı sözleri\b.*|.+ şarkı sözleri"
    r"|(?-i:(?:[A-Z0-9(]\S*\s+|[-–—&'.]\s+|(?:of|the|by|and|in|to|a)\s+)+Lyrics)(?:\s*\(.*\))?"
    r"|lyrics (?:to|for|of) [\"“'].*",
    re.IGNORECASE,
)  # fmt: skip
CREDIT: Final = """
    fuente quelle fonte źródło источник kaynak
    lyrics lyric words music song songwriter songwriters writer writers written composer composers composed producer
    producers produced arranger arrangement arranged performer performed artist artists singer singers title album year
    released release date genre label publisher publishers published source corrected transcribed submitted contributed
    added translated translation subtitles captions editor mix mixed mastered mastering engineer vocals featuring bpm
    capo tuning key tempo track isrc
    text musik komponist texter dichter interpret künstler titel autor autoren
    letra letras música compositor compositores autor autores autora intérprete artista título álbum canción
    paroles musique parolier paroliers auteur auteurs compositeur compositeurs interprète artiste titre
    composição intérpretes testo musica autore autori compositore cantante titolo
    tekst słowa muzyka wykonawca tytuł kompozytor hudba zpěvák
    söz müzik beste sanatçı albüm
    слова музыка автор авторы исполнитель композитор альбом название стихи аранжировка текст виконавець
    στίχοι μουσική ερμηνεία מילים לחן עיבוד ביצוע זמר كلمات ألحان توزيع غناء شاعر ملحن गीतकार संगीतकार गायक संगीत
    作词 作詞 词 詞 曲 作曲 编曲 編曲 制作人 製作人 制作 製作 混音 录音 錄音 监制 監製 演唱 歌手 专辑 專輯 吉他 贝斯 鼓
    和声 和聲 出品 发行 發行 原唱 翻唱 歌名 歌曲 策划 弦乐 钢琴 母带 配唱 企划 歌 唄 うた アルバム 曲名 タイトル
    アーティスト 作詞作曲
    작사 작곡 편곡 노래 가수 앨범 제목 sáng_tác nhạc lời trình_bày คำร้อง ทำนอง เรียบเรียง ศิลปิน cipt ciptaan lirik lagu
"""
"""Words before the colon, or before `by`, of a credit."""
LINKS: Final = "and & y e et und e i и ve by s the of da de la del par von op sp"
CREDIT_LINE = re.compile(r"\W*+([^:：]{1,40}?)\s*[:：]\s*(\S.*)|(?-i:([A-Z][\w&, ]{2,30}?) by ([A-Z0-9].*))")
SEPARATORS = re.compile(r"[\s&/+,()（）・]+")


def without_credits(lines: Sequence[str]) -> list[str]:
    """Return the lines with an empty one in the place of each that was added to the words.

    Only the first and the last lines may be credits and titles. Links and notices may also be in between.
    """
    kept = [_without_page_parts(line) for line in _without_page_head(lines)]
    for backward in (False, True):
        between = 0
        order = range(len(kept))
        for index in reversed(order) if backward else order:
            line = kept[index].strip()
            if backward and not between and line.endswith("Embed"):
                line = kept[index] = EMBED.sub("", line)
            if not line:
                continue
            if _is_credit(line, first=not backward and not between):
                if not backward and between == 1 and TITLE_AND_ARTIST.fullmatch(kept[index - 1]):
                    kept[index - 1] = ""
                kept[index] = ""
                between = 0
            elif (between := between + 1) >= MAX_BETWEEN:
                break
    return kept


def _without_page_head(lines: Sequence[str]) -> list[str]:
    """Remove what a page of Genius shows before the words, up to the line `<title> Lyrics` or `… Read More`."""
    if not lines or not CONTRIBUTORS.match(lines[0]):
        return [*lines]
    heads = [index for index, line in enumerate(lines[:LAST_IN_PAGE_HEAD]) if PAGE_TITLE.fullmatch(line)]
    last = heads[-1] if heads else 0
    return [""] * last + [lines[last][lines[last].find("[") :] if "[" in lines[last] else "", *lines[last + 1 :]]


def _without_page_parts(line: str) -> str:
    line = ADVERTISEMENT.sub("", line)
    return "" if NOTICE.fullmatch(line.strip(" *.")) or ADDRESS.fullmatch(line.strip(" ()")) else line


def _is_credit(line: str, *, first: bool) -> bool:
    if first and (TITLE.fullmatch(line) or line.startswith("# ")):
        return True
    if PAGE_WORD.fullmatch(line):
        return True
    found = CREDIT_LINE.fullmatch(line)
    if not found:
        return False
    label, rest = found[1] or found[3], found[2] or found[4]
    words = [word for word in SEPARATORS.split(fold(label)) if word]
    labels, links = _credit_words()
    is_known = "_".join(words) in labels or (not labels.isdisjoint(words) and labels | links >= {*words})
    return is_known and not rest[:1].islower()


@cache
def _credit_words() -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(fold(CREDIT).split()), frozenset(fold(LINKS).split())
