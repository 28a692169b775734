"""Words of which headings in lyrics consist, in many languages: `Final Chorus 2x`, `Припев`, `1番サビ`.

Words are in lower case; accents do not matter. A name of several words has `_` for its spaces.
"""

from typing import Final

SECTIONS: Final = """
    bridge verse verses chorus choruses refrain refrains prechorus postchorus interlude instrumental intro introduction
    outro prelude postlude breakdown middle_eight middle_8 pre_hook reprise coda
    a_part b_part c_part d_part a_teil b_teil c_teil c_osa
    schlussrefrain endrefrain strophe strophen kehrreim zwischenspiel vorspiel nachspiel überleitung
    estribillo preestribillo precoro postcoro estrofa estrofas interludio introducción
    couplet couplets prérefrain
    refrão prérefrão estrofe interlúdio introdução
    strofa strofe ritornello preritornello intermezzo introduzione
    zwrotka zwrotki refren prerefren przedrefren mostek przejście wstęp zakończenie przyśpiew
    sloka sloky refrén předehra mezihra dohra předrefrén kitica pripjev predrefren kitka
    verze versszak refrénje közjáték előjáték
    refren_final nakarat ön_nakarat ara_nağme ara_müzik kıta nəqərat naqorat
    refrein tussenspel refräng förrefräng mellanspel brygga refreng omkvæd omkved mellomspill mellemspil forrefreng
    säkeistö kertosäe esikertosäe väliosa välisoitto viðlag erindi refrään salm piedziedājums priedainis posmas
    tornada leloa retrouso cytgan pennill curfá véarsa kiitikio refrenë rekantaĵo refreno strofo korus reff talata
    điệp_khúc phiên_khúc tiền_điệp_khúc khúc_dạo đoạn_kết lời_1 lời_2
    припев предприпев пре_припев постприпев куплет куплеты бридж проигрыш вступление интро аутро концовка интерлюдия
    приспів передприспів програш рефрен строфа прыпеў кітка қайырмасы шумақ дахилт
    ρεφρέν κουπλέ στροφή γέφυρα επωδός εισαγωγή προρεφρέν
    פזמון קדם_פזמון פרה_פזמון אינטרו אאוטרו ברידג׳ ברידג' לאזמה
    لازمة اللازمة كورس الكورس كوبليه الكوبليه همخوان هم‌خوان ترجیع‌بند ترجیع ورس کورس مقطع المقطع ما_قبل_اللازمة
    मुखड़ा अंतरा कोरस स्थायी ध्रुवपद कडवे पल्लवी
    স্থায়ী অন্তরা মুখড়া কোরাস পল্লবী ਮੁਖੜਾ ਅੰਤਰਾ ਕੋਰਸ મુખડું અંતરા
    பல்லவி அனுபல்லவி சரணம் పల్లవి అనుపల్లవి చరణం ಪಲ್ಲವಿ ಅನುಪಲ್ಲವಿ ಚರಣ പല്ലവി അനുപല്ലവി ചരണം
    მისამღერი კრկներգ կրկներգ
"""
"""Names of sections that hardly occur as a line of their own in a song."""

WORDS: Final = """
    hook rap skit tag vamp ending fin bait pants brug final finale part stanza spoken opening closing ad_lib
    ad_libs adlib adlibs turnaround build buildup build_up lift climax theme teil vers verso versos verset brücke kerto
    coro puente pont ponte inciso special mezzo most mosty híd pod punte köprü giriş çıkış bölüm bro stick stikk stev
    couplet_final silta koro koor kor bagian jembatan đoạn kết cầu
    мост хук переход рэп речитатив кода вступ міст финал
    בית גשר מעבר פתיחה סיום
    جسر الجسر مقدمة المقدمة خاتمة الخاتمة المذهب بند پل
    टेक बंद بيت
"""
"""Names of sections that are also ordinary words: `Hook`, `coro`, `Ponte`."""

BREAKS: Final = """
    solo solos break drop riff music musik música musique musica музыка соло пауза pause pausa musik instrumentalsolo
    applause cheering laughter humming whistling silence
    סולו موسيقى صولو संगीत
"""
"""Parts without words whose names are also sung: `Solo`, `Break`."""

UNSPACED: Final = """
    サビ 大サビ 落ちサビ ラスサビ メロ 間奏 前奏 後奏 イントロ アウトロ ブリッジ ヴァース バース
    コーラス リフレイン フック ラップ 台詞 セリフ 番 ソロ プレコーラス プリコーラス
    후렴 후렴구 절 벌스 코러스 프리코러스 브릿지 브리지 간주 전주 인트로 아웃트로 아우트로 훅 랩 싸비 사비
    主歌 副歌 导歌 導歌 前奏 间奏 間奏 尾奏 桥段 橋段 过门 過門 过渡 過渡 预副歌 預副歌 念白 说唱 說唱 合唱 段 节 節
    ท่อนฮุก ท่อนแยก ท่อน สร้อย ดนตรี ฮุก
"""
"""Names of sections in scripts without spaces; they are read within longer words: `1番サビ`, `第一段`."""

UNSPACED_QUALIFIERS: Final = """
    最後の 最後 最终 最終 ラスト 第 一 二 三 四 五 六 七 八 九 十 の 大 前 後 中 回 次 重复 重複 反复
    繰り返し くりかえし ギター ピアノ ドラム 마지막 반복 첫 두 번째 세 프리 결말 全员 全員 男 女 吉他 钢琴 結尾 结尾
"""

ABBREVIATIONS: Final = """
    a b c d v ch r ref refr rf chor br pc zwr str sl strof припв пр куп к
"""
"""Abbreviated names of sections; only a mark makes a heading of them: `Ref.:`, `[V1]`."""

INSTRUMENTS: Final = """
    guitar piano drum drums bass sax saxophone violin synth organ harmonica trumpet flute accordion keyboard
    gitarre klavier schlagzeug guitarra bajo batería guitare basse batterie chitarra gitara fortepian gitarr trummor
    гитара гитарное фортепиано
"""

QUALIFIERS: Final = """
    pre post final last first second third fourth fifth repeat repeated repeats bars wdh repite repetir répéter ripete
    powtórz повтор vocal vocals instrumental acoustic
    double half extended alternate alt main continued x × х times mal veces vezes fois volte razy raz raza раза раз
    kali lần defa kere gånger ganger keer nd rd st th ère ème ª º
    erster erste zweiter zweite dritter dritte letzter letzte finaler
    primera primer primero segunda segundo tercera tercero último última finale
    premier première deuxième troisième dernier dernière
    primeira primeiro terceira terceiro prima primo seconda secondo terza ultimo ultima
    pierwsza pierwszy druga drugi trzecia trzeci ostatni ostatnia první druhá poslední
    första andra tredje sista første andre siste eerste tweede laatste
    первый второй третий последний финальный перший другий третій останній
    τελευταίο πρώτο δεύτερο ראשון שני שלישי אחרון
    الأول الاول الأولى الثاني الثانية الثالث الثالثة الرابع الأخير الأخيرة الرئيسي اول دوم سوم
    पहला दूसरा तीसरा अंतिम
"""

FILLERS: Final = """
    one two three four five six again back fade short long big full quiet dance beat band group all both together male
    female lead backing background everyone cont cont'd time twice er me da
"""
"""Words that a heading may contain, but that do not make one of a word that is sung as well: `one part`."""

LINKS: Final = """
    the of in a to and out el la al il au du de se le
"""
"""Words that a heading may contain, but that sentences contain more often: `The end`, `back to the verse`."""

SINGERS: Final = (
    "both all male female him her man woman girl boy choir everyone together duet he she"
    " alle beide er sie männer frauen todos todas ambos ambas él ella tous toutes les_deux lui elle elles ils"
    " tutti entrambi lei все оба он она вместе хор все_вместе всі разом wszyscy razem oboje on ona"
    " 男 女 合 男女 合唱 全员 全員 齐 独 白 남 여 함께 男声 女声 הוא היא יחד כולם הכל الكل معا هو هي"
)
"""Names of singers: with a colon before a sung line, they are a label."""
