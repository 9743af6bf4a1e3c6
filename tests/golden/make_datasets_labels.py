"""Labels of the 1000 captions in ../shared/data/coco_captions_sample.json by an independent noun filter: nltk's treebank tokens and
its lemmatiser (WordNetCorpusReader.morphy, shortest lemma) on WordNet 3.0.

    pip install nltk==3.9.1; apt-get download wordnet-base=1:3.0-37; dpkg -x wordnet-base*.deb wn
    python3 make_datasets_labels.py ../../../shared/data wn/usr/share/wordnet [voc] [coco] [nuswide]

Writes datasets_labels.json: per list of classes and rule, one string with the numbers of the classes of each caption, captions
divided by ";", numbers by ",". "plural" differs from "published" in what is done before the lemmatiser: hyphens and slashes are cut,
and the irregular words below are given their singular.
"""

import json
import sys
from pathlib import Path

import named  # noqa: F401
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.tokenize import NLTKWordTokenizer

IRREGULAR = {"men": "man", "people": "person", "vases": "vase"}


class Filter:
    def __init__(self, lists, lemma, plural):
        self.lemma, self.plural = lemma, plural
        names = [(name.lower().split(), c) for c, synonyms in enumerate(lists) for name in synonyms]
        self.compounds = sorted((n for n in names if len(n[0]) > 1), key=lambda n: (-len(n[0]), -len("".join(n[0]))))
        self.single = {}
        for words, c in names:
            if len(words) == 1:
                self.single.setdefault(words[0], set()).add(c)

    def words(self, caption):
        text = caption.lower()
        if self.plural:
            text = text.replace("-", " ").replace("/", " ")
        return [w.rstrip(".") or w for w in NLTKWordTokenizer().tokenize(text)]

    def singular(self, word):
        if self.plural and word in IRREGULAR:
            return IRREGULAR[word]
        return self.lemma(word)

    def __call__(self, caption):
        words = [self.singular(w) for w in self.words(caption)]
        found = set()
        for name, c in self.compounds:
            at = 0
            while at < len(words):
                if words[at : at + len(name)] == name:
                    found.add(c)
                    words[at : at + len(name)] = ["\0"] * len(name)
                elif words[at] == "".join(name):
                    found.add(c)
                    words[at] = "\0"
                at += 1
        for word in words:
            found |= self.single.get(word, set())
        return sorted(found)


def main():
    shared, lexnames = Path(sys.argv[1]), Path(sys.argv[2]) / "lexnames"
    if not lexnames.exists():  # Debian leaves it out; the lemmatiser does not look at these names
        lexnames.write_text("".join(f"{i:02}\tname{i}\t1\n" for i in range(45)))
    WordNetCorpusReader.map_wn = lambda self, version="wordnet": None  # a map to other versions, for other languages
    wordnet = WordNetCorpusReader(sys.argv[2], omw_reader=None)
    captions = json.loads((shared / "coco_captions_sample.json").read_text())
    known = {}

    def lemma(word):
        if word not in known:
            lemmas = wordnet._morphy(word, "n")
            known[word] = min(lemmas, key=len) if lemmas else word
        return known[word]

    out = {}
    for data in ("voc", "coco", "nuswide"):
        lists = json.loads((shared / "taidpt" / f"synonyms_{data}.json").read_text())
        for rule in ("published", "plural"):
            label = Filter(lists, lemma, rule == "plural")
            out[f"{data} {rule}"] = ";".join(",".join(map(str, label(c))) for c in captions)
    Path(__file__).with_name("datasets_labels.json").write_text(json.dumps(out, indent=0) + "\n")


main()
