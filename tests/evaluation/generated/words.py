"""Lyrics of the sung clips, written for this project."""

from dataclasses import dataclass
from typing import Final

TEXTS: Final = """
en en-us+f2
Morning opens every window / paper birds above the town / I have waited for the river / now the water's coming down /
carry me over carry me over / bridge of silver bridge of stone

en en-us+m3
Seven miles of empty highway / and the radio is low / there's a light behind the mountain /
that I promised I would know / turn the engine leave it running / nobody is going home

en en-gb+m7
Coffee on the kitchen table / yesterday is in the sink / every letter that you sent me / washed away in purple ink /
hold the door a little longer / tell me what you really think

es es+f3
La luna baja por la calle / y la noche quiere bailar / dame tu mano caminamos / hasta donde empieza el mar /
no me digas que es muy tarde / que mañana va a llegar

en en-us+f4
Dancing in the garden after midnight / all the city lights are turning blue /
nothing in the world is going to find us / only me and the music and you / round and round and round we go /
never letting anybody know

en en-gb+f3
Winter wrote its name upon the harbour / frozen boats are sleeping in a row /
father says the ice will never leave us / mother says the flowers always grow / wait for April wait for April /
underneath the snow

de de+m2
Der Regen fällt auf alle Dächer / die Straße glänzt im Lampenlicht / ich suche deine Hand im Dunkeln /
und finde deinen Namen nicht / bleib noch einen Augenblick / bis der neue Tag beginnt

en en-us+m1
Put the hammer to the iron / put the iron to the flame / every morning every evening / we are working just the same /
lift it higher lift it higher / brother call me by my name

en en-us+f5
Little stone along the shoreline / tell me how you came to be / did the thunder break a mountain /
did it roll you to the sea / roll me over roll me under / let the ocean set me free

fr fr+f4
Le soleil descend sur la rivière / les enfants rentrent à la maison / je garde encore dans ma mémoire /
le parfum de la saison / chante doucement ma belle / chante encore cette chanson

en en-gb+m3
Old men sitting in the station / watching all the trains go by / one is reading from the paper /
one is looking at the sky / where are you going where are you going / nobody has told me why

en en-us+m5
Ninety dollars in my pocket / and a ticket in my shoe / got a picture of a lady / and a dog that I once knew /
westward westward on the railway / I am coming back to you

pt pt-br+f2
Quando a chuva cai na praia / eu me lembro de você / da janela da cozinha / vejo o dia amanhecer /
canta comigo meu amor / que o sol já vai nascer

en en-us+f1
Slowly the candle is burning / shadows are climbing the wall / somebody's humming a melody /
somewhere far down in the hall / sleep for the night is a blanket / sleep for the snow starts to fall

en en-gb+f2
Take the paper take the scissors / cut the circle of the moon / hang it over every rooftop /
children will be dreaming soon / one for silver two for copper / three for nothing but the tune

it it+m3
La mattina porta il vento / sulle barche del mio mare / tu mi dici che domani / forse vuoi ricominciare /
non lasciare la mia mano / ho bisogno di cantare
"""
"""Blocks of language and voice, then one line per breath."""


@dataclass(frozen=True)
class Lyric:
    """`language` is whisper's code, `voice` is espeak-ng's name."""

    language: str
    voice: str
    lines: tuple[str, ...]


def _lyric(text: str) -> Lyric:
    head, lines = text.strip().split("\n", 1)
    language, voice = head.split()
    return Lyric(language, voice, tuple(" ".join(line.split()) for line in lines.split("/")))


LYRICS = tuple(_lyric(text) for text in TEXTS.split("\n\n"))
