"""_filter, by R4's filter.html: an expression read into a tree, and how one comparison of it is
said as a search clause. Only what the page leaves no choice about."""

import re

WORDS = re.compile(r'\s*(?:(?P<sign>[()])|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()"]+))')

# Operators as prefixes of a value, or as modifiers of a parameter.
PREFIXES = {"gt", "lt", "ge", "le", "sa", "eb"}
MODIFIERS = {"sw": "", "co": ":contains"}


def read(text):
    """Nested tuples: ("and"|"or", left, right), ("not", inner), (parameter, operator, value)."""
    words = [(m.lastgroup, m[m.lastgroup]) for m in WORDS.finditer(text)]
    tree, rest = _either(words)
    if rest:
        raise ValueError(f"_filter: {text!r} is not read to its end")
    return tree


def _either(words):
    left, words = _both(words)
    while words and words[0] == ("word", "or"):
        right, words = _both(words[1:])
        left = ("or", left, right)
    return left, words


def _both(words):
    left, words = _one(words)
    while words and words[0] == ("word", "and"):
        right, words = _one(words[1:])
        left = ("and", left, right)
    return left, words


def _one(words):
    if words[0] == ("word", "not"):
        inner, words = _one(words[1:])
        return ("not", inner), words
    if words[0] == ("sign", "("):
        inner, words = _either(words[1:])
        return inner, words[1:]
    (_, name), (_, operator), (_, value) = words[:3]
    return (name, operator, value), words[3:]


def evaluate(tree, every, clause):
    """The ids it finds, of `every`; `clause(name, value)` tells those of one comparison."""
    if tree[0] == "not":
        return every - evaluate(tree[1], every, clause)
    if tree[0] in ("and", "or"):
        left = evaluate(tree[1], every, clause)
        right = evaluate(tree[2], every, clause)
        return left & right if tree[0] == "and" else left | right
    name, operator, value = tree
    if operator == "pr":
        return clause(name + ":missing", "false" if value == "true" else "true")
    if operator in PREFIXES:
        return clause(name, operator + value)
    return clause(name + MODIFIERS.get(operator, ""), value)
