"""What each character becomes for string search: no case, no accents, no punctuation.

The table covers the characters of Unicode 3.2 and the blocks of letters that have been full since
long before the oldest Python this runs on, so that it is the same with every version of Python
(a character's folding never changes once it is assigned).
"""

import unicodedata

# Full blocks: Latin Extended-B, Greek, Cyrillic, Latin Extended Additional and -C, Greek Extended.
BLOCKS = ((0x180, 0x250), (0x370, 0x530), (0x1E00, 0x2000), (0x2C60, 0x2C80))
LAST = 0x1FFFF
HANGUL = range(0xAC00, 0xD7A4)

# Letters that are another letter with a stroke, or two in one, though Unicode takes them for their
# own; and apostrophes, which join what stands on both sides.
LETTERS = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae",
           "œ": "oe", "þ": "th", "ɓ": "b", "ɗ": "d", "ƒ": "f", "ɨ": "i", "ŋ": "n"}
JOINING = "'’‘ʼʹʻʽ`´.·"


def _assigned(char):
    code = ord(char)
    return (unicodedata.ucd_3_2_0.category(char) not in ("Cn", "Co", "Cs")
            or any(first <= code < last for first, last in BLOCKS)
            and unicodedata.category(char) != "Cn")


def _is_accent(char):
    """Marks that are written over or under letters and may be left out; not vowel signs."""
    place = unicodedata.combining(char)
    return 10 <= place <= 35 or place >= 200


def _fold_char(char):
    if char in JOINING or _is_accent(char):
        return ""
    kind = unicodedata.category(char)
    if kind[0] in "PZ" or kind == "Cc":
        return " "
    return "" if kind == "Cf" else LETTERS.get(char, char)


def fold(char):
    """The text that stands for a character."""
    if ord(char) in HANGUL:
        return char
    if char in JOINING:
        return ""
    text = unicodedata.normalize("NFKD", char)
    text = unicodedata.normalize("NFKD", text.casefold())
    return "".join(_fold_char(c) for c in text)


def changes():
    """Character code -> folded text, for those that change."""
    return {code: fold(chr(code)) for code in range(LAST + 1)
            if _assigned(chr(code)) and fold(chr(code)) != chr(code)}


class Folding:
    """Pages of 256 characters; page 0 changes nothing."""

    def __init__(self):
        table = changes()
        self.pages = [[0] * 256]
        self.page_of = []
        self.text = bytearray(b"\0")      # each: its length, its bytes; place 0 is "unchanged"
        places = {}
        for page in range((LAST + 1) >> 8):
            row = []
            for code in range(page << 8, (page + 1) << 8):
                folded = table.get(code)
                if folded is None:
                    row.append(0)
                    continue
                if folded not in places:
                    data = folded.encode()
                    places[folded] = len(self.text)
                    self.text += bytes([len(data)]) + data
                row.append(places[folded])
            if not any(row):
                self.page_of.append(0)
            else:
                self.page_of.append(len(self.pages))
                self.pages.append(row)
