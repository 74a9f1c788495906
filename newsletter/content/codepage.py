"""Which single-byte code page a Russian text is in, told by which letters follow each other.

All five Cyrillic code pages decode almost any bytes, so every one is tried and the result scored: pairs of letters as
in Russian score well, capitals inside words and signs that no press text uses score badly. The table was counted over
the invented items of this project's tests.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# With what each pays for being rare, in nats: Mac Cyrillic differs from windows-1251 in capitals and one small letter.
_RARITY = {"cp1251": 0, "koi8-r": 2, "cp866": 2, "iso8859-5": 4, "mac-cyrillic": 12}
CODE_PAGES = tuple(_RARITY)
NAMES = "windows-1251, KOI8-R, CP866, ISO 8859-5 or Mac Cyrillic"

_SAMPLE = 40_000  # characters outside ASCII; more would not change the verdict
_MARGIN = 6  # nats between the best reading and the next, some two letters' worth
_CYRILLIC_WORD = re.compile("[А-Яа-яЁё]+")
_MIXED = re.compile("[A-Za-z][А-Яа-яЁё]|[А-Яа-яЁё][A-Za-z]")
_FREQUENT = frozenset("оеаинтсрвл")  # two letters in three of any Russian text
# What these code pages have besides Russian letters, and a press text really uses.
_TYPOGRAPHY = frozenset("«»„“”‘’–—…№•§°±©®™€·\u00a0\u00ad")
_NEVER_BEHIND = frozenset("«„€±©§№")  # a letter
_NEVER_BEFORE = frozenset("»”–—…€°™®")
_RUN = re.compile("[^\x00-\x40\x5b-\x60\x7b-\x7f]+")  # letters of ASCII and everything beyond it

_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
# Minus the logarithm of how often the letter of the column follows that of the row, 9 being never; first row: a word's
# first letter.
_FOLLOWS = (
    "442335533834333232345554599994769"  # the first letter of a word
    "742533437432329422366444479999437"  # а
    "368882863852841835838888833368458"  # б
    "299752952943532543459696979259957"  # в
    "386843882852861828848888888886888"  # г
    "293952472954532444939954697359966"  # д
    "553434447332327523277463559999769"  # е
    "347721772747725777747777777744477"  # ж
    "153533883855532856848885888468848"  # з
    "554543633332424533296344569999339"  # и
    "646626666634622643166663366666666"  # й
    "294593952964551933229959999999979"  # к
    "299672592955732954649999999529439"  # л
    "266991992962342395939999999349965"  # м
    "195542572949932994346947969349649"  # н
    "932324454333335432396554559995859"  # о
    "299992993993951615549996699579947"  # п
    "254542672949542794329677599459947"  # р
    "354953993923533344146665697449636"  # с
    "263652992946642524949675999339946"  # т
    "824434438633348233386483568888388"  # у
    "366661662664662624646666666666666"  # ф
    "273775773774521733557777777777777"  # х
    "275771771757774777737777777577777"  # ц
    "288881582848838888248888488838886"  # ч
    "375771772732734747447777777757777"  # ш
    "166661661666636666646666666646666"  # щ
    "555551555555555555555555555555515"  # ъ
    "843652684253348432368286388888868"  # ы
    "845352855848525882385858258888338"  # ь
    "777777727713437774177777777777777"  # э
    "737727447773447737177774727777477"  # ю
    "823433538453338853188334888888348"  # я
    "553555555555225535155555555555555"  # ё
)
_COLUMNS = len(_LETTERS)
_AT = {letter: index for index, letter in enumerate(_LETTERS)}
_FOREIGN = 12  # no letter, no sign of a press text
_ODD = 6  # a capital behind a small letter, a letter behind a Latin one or a closing sign
_SIGN = 5  # a sign of a press text: neither proof nor disproof


def tell_code_page(data: bytes) -> str:
    """Return the code page in which the bytes are Russian; empty where none is, or two are equally likely."""
    readings = [(page, text) for page in CODE_PAGES if (text := _decoded(data, page))]
    scored = sorted((_score(text) + _RARITY[page], page, text) for page, text in readings)
    if not scored or not reads_as_russian(scored[0][2]):
        return ""
    best, page, text = scored[0]
    rivals = [score for score, _, other in scored if other != text]
    return page if not rivals or rivals[0] - best >= _MARGIN else ""


def reads_as_russian(text: str) -> bool:
    """Claim that the characters outside ASCII are Russian words: right letters, often used ones, sane case."""
    foreign = sum(1 for char in text if ord(char) > 127 and char not in _TYPOGRAPHY)
    words: list[str] = _CYRILLIC_WORD.findall(text)
    letters = "".join(words)
    if not letters or len(letters) < 0.97 * foreign:
        return False
    if len(_MIXED.findall(text)) > 0.1 * len(words):  # «Dйjа vu»: another language's accents
        return False
    # Read in the wrong code page, «Москва» becomes «нПУЛЧБ»: small letters before capitals inside words.
    odd_case = sum(1 for word in words if not (word.islower() or word.isupper() or word[1:].islower()))
    frequent = sum(1 for char in letters.lower() if char in _FREQUENT)
    return odd_case <= 0.2 * len(words) and frequent >= 0.3 * len(letters)


def _decoded(data: bytes, page: str) -> str:
    try:
        return data.decode(page)
    except UnicodeDecodeError:
        return ""


def _score(text: str) -> float:
    """Return how unlike Russian the characters outside ASCII are: some 3 a character for Russian, 6 and more else."""
    return sum(sum(_costs(run)) for run in _runs(text))


def _runs(text: str) -> Sequence[str]:
    """Return the words that are not all ASCII, from the beginning of the text until there are enough of them."""
    runs: list[str] = []
    count = 0
    for found in _RUN.finditer(text):
        if count > _SAMPLE:
            break
        if not found.group().isascii():
            runs.append(found.group())
            count += len(found.group())
    return runs


def _costs(run: str) -> list[int]:
    """Return what each character costs, but for those of ASCII that follow one another."""
    costs: list[int] = []
    before = ""
    for char in run:
        at = _AT.get(char.lower(), -1)
        follows = _AT.get(before.lower(), -1)
        if at >= 0:
            odd = before in _NEVER_BEFORE or (before.islower() and char.isupper()) or (before.isascii() and before)
            costs.append(int(_FOLLOWS[(follows + 1) * _COLUMNS + at]) + (_ODD if odd else 0))
        elif ord(char) > 127:
            is_sign = char in _TYPOGRAPHY and not (follows >= 0 and char in _NEVER_BEHIND)
            costs.append(_SIGN if is_sign else _FOREIGN)
        elif follows >= 0:
            costs.append(_ODD)  # a Latin letter right behind a Russian one
        before = char
    return costs
