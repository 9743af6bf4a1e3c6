"""Writes tests/golden/cleaning.json: what OpenAI's cleaning (ftfy.fix_text, html.unescape twice, blanks, small letters) makes of single
cases, and the tokens of open_clip's SimpleTokenizer, one number a text, for the captions and the naughty strings of ../shared/data and
for random texts that tests/test_clip_cleaning.c draws in the same way.

    python tests/golden/make_cleaning.py    (from the project's root)

Made with Python 3.11, ftfy 6.3.1, open_clip 3.3.0, regex 2026.11.19."""
import html
import json
import os
import re

import named
import ftfy
from open_clip.tokenizer import SimpleTokenizer

shared = os.environ.get("PALBENCH_SHARED", "../shared")
tokenizer = SimpleTokenizer()
cases = [
    "A  photo\tof\na dog.", "a\rb\r\nc", "a\x0bb\x0cc\x1cd", "\x01a\x07b\x7f", "x\xa0y\u200bz", "It\u2019s a \u201cdog\u201d\u2026", "\u2033 \u02bc \u2018 \u201b \u201e",
    "\ufb01sh &amp; chips", "&lt;b&gt; &amp;amp;lt; x", "a<b &amp;amp; c", "&nbsp;x&nbsp;", "AT&T R&D &eacute", "&#x27;q&#39; &copy &notit; &NTILDE;",
    "&AMP;amp; &#0; &#x80;", "&#xD83D;&#xDC36;", "&#128054; dog", "e\u0301clair", "\uff21\uff22\u3000c", "\uff76\uff9e", "\u01c4 \u0149",
    "\xc5ngstr\xf6m \u0130X \u03a3\u03a3", "1\xbd \xb5m x\xb2", "\ufeffhi \x1b[31mred\x1b[0m", "a\u2028b\x85c", "caf\xc3\xa9", "don\xe2\x80\x99t", "voil\xc3 le",
    # Each step again, and where one meets another.
    "", " ", "&", "&;", "&#;", "&#x;", "&#59; &semi;", "&#9;&#10;&#13;x", "&#1;&#127;&#64976;&#65534;x", "&#x110000; &#xFFFFFFFFFFFFFFFFF;", "&#150;&#x81;",
    "&ampamp; &ltlt; &notin &notinva", "&SZLIG; &ATILDE;&SUP3; &nTILDE;", "&CounterClockwiseContourIntegral;", "&amp;#39;s", "a &lt b\n&lt; c\n<\n&lt; d", "\u0132 \u01f2 \ufb05 \ufb06",
    "\uff07\uff02\uff06amp\uff1b", "\uffe9\uffec\uffee", "\x1b[1;31m\x1b[m\x1b[\u0661m x\x1b[x", "\x1b\x07[31mred", "\r\r\n\u2029x", "\u206a\ufff9\ufffc\ufffdx\u200d", "\u1e9b\u0323 \u212b \u2126",
    "\u039f\u0394\u039f\u03a3 \u03a3\u0391\u03a3. \u03a3'\u03a3\u00ad", "\u0345 a\u0345b '\u017f \u017fx", "<|startoftext|>a<|ENDOFTEXT|> &lt;|endoftext|&gt;",
    # Mojibake: once, twice, in pieces, with what got lost, of other encodings; and what is none.
    "Ã©tÃ©", "cafÃƒÂ©", "l'Ã©tÃ© â€œÃ la carteâ€\x9d", "pizza Ã la Ã  quel", "Ã s Ã quele", "â€œ like this â€�", "smile ðŸ˜€ ðŸ�‚", "a â€” b Ã± \u65e5\u672c", "\u0440\u045f\u0440\u00b8",
    "\u0420\u0457\u0421\u0402\u0420\u0451\u0420\u0406\u0420\u00b5\u0421\u201a", "\u251c\u2310", "\u221a\u00a9", "Ø§Ù„Ø³Ù„Ø§Ù…", "Ö‰ Â© Â", "CAF\xc9\u00bb", "\xc2\xa3 \xa3", "\xc0\x80x\xc3\xa9\x85", "\xed\xa0\xbd\xed\xb8\x80 \xc3\xa9",
    "Å“uvre Œ.", "\x92Q\xe3\xbf\xbf'", "\xef\xbb\xbfa", "(\u256f\xb0\u25a1\xb0)\u256f", "na\xefve caf\xe9 \u2014 \xa9\xae\u2122",
]

# ---- random texts, drawn as tests/test_clip_cleaning.c draws them ----
PIECES = ("caf\xe9 na\xefve \xc5ngstr\xf6m voil\xe0 le gar\xe7on M\xfcller's \u201csmart\u201d it\u2019s \u2014 \u2026 \xf1and\xfa Stra\xdfe \u65e5\u672c \u043f\u0440\u0438\u0432\u0435\u0442 "
          "\u03bb\u03cc\u03b3\u03bf\u03c2 \U0001f600 fish \u0153uvre \xbd \xb5m x\xb2 \xa9 \xae \xa35 \u20ac3 \ufb01sh \uff46\uff55\uff4c\uff4c &amp; &lt; &eacute &NTILDE; &#233; &notit; \xe0 la "
          "\xc9l\xe8ve S\xe3o \u017dlu\u0165 \u0141\xf3d\u017a \u0645\u0631 \u05e9\u05dc \u0928\u092e \u03a3\u038a\u03a3 \u0130st < a\x1b[1mb \ud55c\uad6d \uff83\uff7d").split(" ")


class Random:
    def __init__(self, state):
        self.state = state

    def below(self, n):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x % n


def wrongly_read(text, as_1252):
    return text.encode().decode("sloppy-windows-1252" if as_1252 else "latin-1")


def random_text(r):
    kind, length, text = r.below(5), 1 + r.below(24), ""
    for _ in range(length if kind < 3 else 1 + length % 6):
        if kind == 0:
            text += chr(32 + r.below(224))
        elif kind == 1:
            text += bytes([32 + r.below(224)]).decode("sloppy-windows-1252")
        elif kind == 2:
            text += chr([32, 0xA0, 0x2010, 0xFF00, 0x400, 0xFB00][which := r.below(6)] + r.below([95, 0x1B0, 0x5A, 0xF0, 0x52, 7][which]))
        else:
            piece = PIECES[r.below(len(PIECES))]
            wrong = r.below(4) if kind == 3 else 0
            text += (" " if text else "") + (wrongly_read(piece, wrong == 2) if 0 < wrong < 3 else piece)
    return wrongly_read(text, False) if kind == 4 and r.below(2) else text


def clean(text):
    text = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    return re.sub(r"\s+", " ", text).strip().lower()


def fold(ids):
    """FNV-1a over the ids, 32 bits each."""
    value = 0xCBF29CE484222325
    for i in ids:
        for shift in (0, 8, 16, 24):
            value = ((value ^ (i >> shift & 255)) * 0x100000001B3) % 2**64
    return f"{value:016x}"


def folds(texts):
    return [fold([49406] + tokenizer.encode(t.replace("\0", "")) + [49407]) for t in texts]


with open(f"{shared}/data/coco_captions_sample.json") as f:
    captions = [c["caption"] if isinstance(c, dict) else c for c in json.load(f)]
with open(f"{shared}/data/real/coco2017_val_captions_labels.jsonl") as f:
    captions += [c for line in f for c in json.loads(line)["captions"]]
with open(f"{shared}/data/real/suites/blns.txt", encoding="utf-8", newline="") as f:
    naughty = re.split("\r\n|\n|\r", f.read().removesuffix("\n"))
r = Random(2463534242)
golden = {
    "cases": [{"text": t, "clean": clean(t)} for t in cases],
    "captions": fold(int(h[:8], 16) for h in folds(captions)),
    "naughty": folds(naughty),
    "pieces": PIECES,
    "random": folds(random_text(r) for _ in range(2000)),
}
with open("tests/golden/cleaning.json", "w") as f:
    json.dump(golden, f, separators=(",", ":"))
