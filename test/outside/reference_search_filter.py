"""_filter, by R4's filter.html: an expression read into a tree, and how one comparison of it is
said as a search clause. Only what the page leaves no choice about."""

import re

# "reference:Type[code eq value].code eq value", with one comparison in the bracket
SAID = r'([\w-]+) (\w\w) ([^\s()"\[\]]+)'
PATH = re.compile(r"([\w-]+):(\w+)\[" + SAID + r"\]\." + SAID)
WORDS = re.compile(r'\s*(?:(?P<path>[\w-]+:\w+\[[^\]]*\]\.\S+ \w\w [^\s()]+)|(?P<sign>[()])|'
                   r'"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()"]+))')

# Operators as prefixes of a value, or as modifiers of a parameter.
PREFIXES = {"gt", "lt", "ge", "le", "sa", "eb", "po"}
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
    if words[0][0] == "path":
        code, target, *said = PATH.fullmatch(words[0][1]).groups()
        return ("path", code, target, ("and", tuple(said[:3]), tuple(said[3:]))), words[1:]
    (_, name), (_, operator), (_, value) = words[:3]
    return (name, operator, value), words[3:]


def evaluate(tree, records, kind, rules):
    """The ids of that type that it finds."""
    every = set(records.types.get(kind, {}))
    if tree[0] == "not":
        return every - evaluate(tree[1], records, kind, rules)
    if tree[0] in ("and", "or"):
        left = evaluate(tree[1], records, kind, rules)
        right = evaluate(tree[2], records, kind, rules)
        return left & right if tree[0] == "and" else left | right
    if tree[0] == "path":
        _, code, target, inside = tree
        wanted = evaluate(inside, records, target, rules)
        return {ident for ident, values in records.values(kind, code).items()
                if any(v.type == target and v.id in wanted for v in values)}
    name, operator, value = tree
    if operator == "pr":
        return records.clause(kind, name + ":missing", ["false" if value == "true" else "true"],
                              rules)
    if operator == "ne":
        return every - records.clause(kind, name, [value], rules)
    if operator in PREFIXES:
        return records.clause(kind, name, [operator + value], rules)
    return records.clause(kind, name + MODIFIERS.get(operator, ""), [value], rules)
