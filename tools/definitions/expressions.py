"""The FHIRPath that search parameters are written in -> branches of plain steps.

A branch begins at the resource. Its steps are tuples:
    ("child", name)           children of that FHIRPath name
    ("type", name)            only those of that type
    ("equals", name, value)   only those whose child `name` is `value`
    ("extension", url)        the extensions with that url
    ("has_extension", url)    only those that have such an extension
    ("resolves", name)        only references to that resource type
    ("not_false",)            all but the boolean false
    ("exists",)               whether there is any: one boolean
An expression outside this language raises Unsupported with the reason.
"""

import re

TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|([A-Za-z_][A-Za-z0-9_]*)|(\d+)|(!=|[|().\[\]=]))")


class Unsupported(Exception):
    """The expression says something that no index row can answer."""


def _tokens(text):
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Unsupported(f"cannot read {text[at:at + 20]!r}")
        found.append(match.group().strip())
        at = match.end()
    return found


class _Parser:
    def __init__(self, text):
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def take(self, expected=None):
        token = self.peek()
        if not token or (expected and token != expected):
            raise Unsupported(f"{expected or 'something'} expected, not {token or 'the end'}")
        self.at += 1
        return token

    def union(self):
        branches = [self.conjunction()]
        while self.peek() == "|":
            self.take()
            branches.append(self.conjunction())
        return branches

    def conjunction(self):
        """Only `X.exists() and X != false` is known."""
        branch = self.term()
        if self.peek() != "and":
            return branch
        self.take()
        other = self.term()
        self.take("!=")
        self.take("false")
        if branch != other + [("exists",)]:
            raise Unsupported("`and` between different things")
        return other + [("not_false",), ("exists",)]

    def term(self):
        if self.peek() == "(":
            self.take()
            steps = self.term()
            self.take(")")
        else:
            steps = [("child", self.take())]
        while True:
            token = self.peek()
            if token == ".":
                self.take()
                steps += self.invocation()
            elif token == "as":
                self.take()
                steps.append(("type", self.take()))
            elif token == "[":
                raise Unsupported("an item by its number")
            else:
                return steps

    def invocation(self):
        name = self.take()
        if self.peek() != "(":
            return [("child", name)]
        self.take()
        method = getattr(self, "function_" + name, None)
        if not method:
            raise Unsupported(f"the function {name}()")
        steps = method()
        self.take(")")
        return steps

    def text(self):
        token = self.take()
        if not token.startswith("'"):
            raise Unsupported("a text expected")
        return token[1:-1]

    def function_as(self):
        return [("type", self.take())]

    function_ofType = function_as

    def function_exists(self):
        return [("exists",)]

    def function_extension(self):
        return [("extension", self.text())]

    def function_where(self):
        name = self.take()
        if name == "hasExtension":
            self.take("(")
            url = self.text()
            self.take(")")
            return [("has_extension", url)]
        if name == "resolve":
            for token in ("(", ")", "is"):
                self.take(token)
            return [("resolves", self.take())]
        self.take("=")
        value = self.text()
        return [("equals", name, value)]


def parse(text):
    """The branches of an expression."""
    parser = _Parser(text)
    branches = parser.union()
    if parser.peek():
        raise Unsupported(f"{parser.peek()!r} not expected")
    return branches


def split(text):
    """The parts of a union as they are written."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "|" and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return parts + [text[start:].strip()]
