"""Words of a resource, and what _text and _content ask of them: R4 search.html, sections "text" and
"content", as docs/api.md says what they are here."""

import base64
import html
import re
import unicodedata

from reference_search_match import unescape
from reference_search_path import Node

# Strings that are for machines.
NO_TEXT = {("Reference", "reference"), ("Identifier", "value"), ("Coding", "version")}


def fold(text, strokes):
    """The words of a text."""
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    text = text.replace("ø", "o") if strokes else text
    return re.findall(r"[^\W_]+", text)


def is_plain(media):
    """Plain text, whatever is said of its characters behind a semicolon."""
    return media.split(";")[0].strip().lower() == "text/plain"


def texts(model, resource):
    """(whether it is the narrative, text) of all that people read."""
    work = [Node(resource, resource["resourceType"])]
    while work:
        node = work.pop()
        kind = node.value.get("resourceType") if node.type == "Resource" else node.type
        for name in model.elements.get(kind, {}):
            for child in model.children(node, name):
                if child.type == "xhtml":
                    yield True, html.unescape(re.sub(r"<[^>]*>", " ", child.value))
                elif child.type in ("string", "markdown"):
                    if name != "id" and (kind, name) not in NO_TEXT:
                        yield False, child.value
                elif child.type == "base64Binary":
                    if kind == "Attachment" and is_plain(node.value.get("contentType", "")):
                        yield False, base64.b64decode(child.value).decode()
                elif isinstance(child.value, dict):
                    work.append(child)


class Words:
    """What words each resource of a type has, made when asked for."""

    def __init__(self, records):
        self.records, self.cache = records, {}

    def of(self, kind, strokes=False):
        """id -> (words of the narrative, all words)."""
        if (kind, strokes) not in self.cache:
            found = {}
            for ident, resource in self.records.types.get(kind, {}).items():
                said = [(own, fold(text, strokes))
                        for own, text in texts(self.records.model, resource)]
                found[ident] = ({w for own, words in said if own for w in words},
                                {w for _, words in said for w in words})
            self.cache[kind, strokes] = found
        return self.cache[kind, strokes]

    def clause(self, kind, code, values, rules):
        """The ids that have them: "a (b or c*) d", with commas between alternatives."""
        place = 0 if code == "_text" else 1
        return {ident for ident, words in self.of(kind, rules.strokes).items()
                if any(_holds(unescape(value), words[place], rules.strokes) for value in values)}


def _holds(value, words, strokes):
    groups = re.findall(r"\(([^)]*)\)|(\S+)", value)
    return all(any(_has(one, words, strokes) for one in (inside or word).split(" or "))
               for inside, word in groups if word != "and")


def _has(asked, words, strokes):
    *whole, last = fold(asked, strokes)
    if asked.endswith("*"):
        return set(whole) <= words and any(word.startswith(last) for word in words)
    return {*whole, last} <= words
