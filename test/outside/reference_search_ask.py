"""Random searches that the records at hand can answer: values are taken from them, cut short,
moved, joined. The same seed asks the same."""

import datetime
import functools
import unicodedata
from decimal import Context, Decimal
from fractions import Fraction
from urllib.parse import quote

from reference_search_match import BEGIN, EVER, PREFIXES, UCUM, UNITS, split
from reference_search_records import NAMED_LISTS

# Parameters without an expression to evaluate.
WITHOUT = {"_content", "_text", "_query", "_filter", "_list", "_has", "_type", "age",
           "birthOrderBoolean"}
# Their expression yields the resource in a Bundle, not a reference to it.
WITHOUT_OF = {("Bundle", "composition"), ("Bundle", "message")}
CHAIN_MAX = 3
DIGITS = Context(prec=10)  # fewer than Hale keeps of what it converts
# What every type has.
EVERYWHERE = ("_id", "_tag", "_profile", "_source", "_lastUpdated")
# What is about now is another thing a moment later.
WITHOUT_AP = ("", *(p for p in PREFIXES if p != "ap"))


def escape(text):
    for sign in "\\,|$":
        text = text.replace(sign, "\\" + sign)
    return text


def encode(text):
    return quote(text, safe="-._~")


class Search:
    """One search: its type, its clauses and what shapes the answer. `features` says what a server
    must be able to do for it."""

    def __init__(self, kind, clauses, controls=(), within=""):
        self.kind, self.clauses, self.controls = kind, clauses, list(controls)
        self.within = within  # "Patient/id/", for what is in that compartment

    @property
    def features(self):
        found = {f for _, _, features in self.clauses for f in features}
        if self.within:
            found.add("compartment of " + self.within.split("/")[0])
        return found | {name for name, _ in self.controls} | (set() if self.kind else {"any type"})

    def url(self, *more):
        pairs = [(name, ",".join(texts)) for name, texts, _ in self.clauses]
        pairs += [*self.controls, *more]
        return f"/{self.within}{self.kind}?" + "&".join(
            f"{quote(name, safe=':._-')}={encode(value)}" for name, value in pairs)

    def asks(self):
        """Whether there is anything to it."""
        return bool(self.clauses or self.controls or self.within)

    def smaller(self):
        """The same with one thing less."""
        for i in range(len(self.controls)):
            yield Search(self.kind, self.clauses, self.controls[:i] + self.controls[i + 1:],
                         self.within)
        for i, (name, texts, features) in enumerate(self.clauses):
            yield Search(self.kind, self.clauses[:i] + self.clauses[i + 1:], self.controls,
                         self.within)
            for j in range(len(texts) if len(texts) > 1 else 0):
                less = (name, texts[:j] + texts[j + 1:], features)
                yield Search(self.kind, self.clauses[:i] + [less] + self.clauses[i + 1:],
                             self.controls, self.within)


class Asker:
    def __init__(self, records, draw):
        self.records, self.draw = records, draw
        self.kinds = sorted(kind for kind, held in records.types.items() if held)
        self.codes = {kind: [] for kind in self.kinds}
        for kind, code in sorted(records.params):
            if kind in self.codes and code not in WITHOUT and (kind, code) not in WITHOUT_OF:
                self.codes[kind].append(code)

    def search(self):
        chance = self.draw.random()
        if chance < 0.04:
            return self.search_of_any()
        if chance < 0.1:
            return self.search_within()
        kind = self.draw.choice(self.kinds)
        if self.draw.random() < 0.4:  # more often where there is more
            kind = max(self.draw.sample(self.kinds, min(8, len(self.kinds))),
                       key=lambda k: len(self.records.types[k]))
        clauses = [self.clause(kind) for _ in range(self.draw.choice((1, 1, 1, 2, 2, 3)))]
        return Search(kind, [c for c in clauses if c], self.controls(kind))

    def search_within(self):
        """In the compartment of a resource: all types that its definition names."""
        owner = self.draw.choice(sorted(set(self.records.compartments) & set(self.kinds)))
        kinds = [kind for kind, params in self.records.compartments[owner].items()
                 if params and kind != owner and kind in self.codes]
        ident = self.draw.choice(sorted(self.records.types[owner]))
        kind = self.draw.choice(kinds)
        clause = self.clause(kind) if self.draw.random() < 0.5 else None
        return Search(kind, [clause] if clause else [], within=f"{owner}/{ident}/")

    def search_of_any(self):
        """Of all types, or of some, by what all of them have."""
        kinds = self.draw.sample(self.kinds, min(len(self.kinds), self.draw.choice((1, 2, 5))))
        clauses = [self.plain_clause(kinds[0], self.draw.choice(EVERYWHERE))
                   for _ in range(self.draw.choice((1, 1, 2)))]
        controls = [("_type", ",".join(kinds))] if self.draw.random() < 0.8 else []
        return Search("", [c for c in clauses if c], controls)

    def every(self):
        """One search for each parameter of each type."""
        for kind in self.kinds:
            for code in self.codes[kind]:
                clause = self.plain_clause(kind, code, modifiers=False)
                if clause:
                    yield Search(kind, [clause])

    def clause(self, kind, depth=0):
        """(name, texts, features), or None."""
        chance = self.draw.random()
        if depth < CHAIN_MAX and chance < 0.12:
            return self.chain(kind, depth)
        if depth < CHAIN_MAX and chance < 0.2:
            return self.reverse(kind, depth)
        if depth == 0 and chance < 0.24:
            return self.filtered(kind)
        if depth == 0 and chance < 0.25 and self.records.types.get("List"):
            ident = self.draw.choice(sorted(self.records.types["List"]))
            return "_list", [self.draw.choice((ident, ident, *NAMED_LISTS))], {"_list"}
        if chance < 0.29:
            return self.words(kind)
        code = self.draw.choice(self.codes[kind])
        return self.plain_clause(kind, code)

    def words(self, kind):
        """Some words that a resource has, whole or begun, or one of which another has."""
        code = self.draw.choice(("_text", "_content", "_content"))
        held = self.records.words.of(kind)
        sets = [pair[code != "_text"] for _, pair in sorted(held.items())]
        sets = [sorted(w for w in one if w not in ("and", "or", "not")) for one in sets]
        sets = [one for one in sets if one]
        if not sets or (kind, code) not in self.records.params:
            return None
        groups = []
        own = self.draw.choice(sets)
        for _ in range(self.draw.choice((1, 1, 2, 3))):
            word = self.draw.choice(own)
            chance = self.draw.random()
            if chance < 0.3:
                word = word[:self.draw.randint(1, len(word))] + "*"
            elif chance < 0.5:
                word = f"({word} or {self.draw.choice(self.draw.choice(sets))})"
            groups.append(word.upper() if self.draw.random() < 0.2 and chance >= 0.5 else word)
        return code, [self.draw.choice((" ", " and ")).join(groups)], {code}

    def chain(self, kind, depth):
        codes = [c for c in self.codes[kind] if self.records.params[kind, c].type == "reference"]
        if not codes:
            return None
        code = self.draw.choice(codes)
        targets = self.records.params[kind, code].targets or self.kinds
        target = self.draw.choice(targets)
        if target not in self.codes:
            return None
        rest = self.clause(target, depth + 1)
        if not rest:
            return None
        first = code if len(targets) == 1 else f"{code}:{target}"
        return f"{first}.{rest[0]}", rest[1], rest[2] | {"chain"}

    def reverse(self, kind, depth):
        ways = [(k, c) for k in self.kinds for c in self.codes[k]
                if self.records.params[k, c].type == "reference"
                and kind in self.records.params[k, c].targets]
        if not ways:
            return None
        other, code = self.draw.choice(ways)
        rest = self.clause(other, depth + 1)
        if not rest:
            return None
        return f"_has:{other}:{code}:{rest[0]}", rest[1], rest[2] | {"_has"}

    def plain_clause(self, kind, code, modifiers=True):
        param = self.records.params[kind, code]
        values = self.records.values(kind, code)
        feature = param.type
        if modifiers and param.type != "composite" and self.draw.random() < 0.08:
            return f"{code}:missing", [self.draw.choice(("true", "false"))], {"missing"}
        if not values:
            return None
        way = getattr(self, "ask_" + param.type)
        if code == "_lastUpdated":
            way = functools.partial(way, prefixes=WITHOUT_AP)
        if param.type == "composite":
            way = functools.partial(way, param)
        if modifiers and param.type in self.MODIFIED and self.draw.random() < 0.3:
            way = functools.partial(self.draw.choice(self.MODIFIED[param.type]), self)
        texts, suffix = [], None
        for _ in range(self.draw.choice((1, 1, 1, 2, 3))):
            made = way(self.draw.choice(values[self.draw.choice(sorted(values))]))
            if made and made[0] == (suffix if texts else made[0]):
                suffix = made[0]
                texts.append(made[1])
        if not texts:
            return None
        if suffix and suffix[0].isupper() and param.targets and suffix not in param.targets:
            return None  # a reference of a type that its definition does not name
        if suffix:
            feature += ":" + ("[type]" if suffix[0].isupper() else suffix)
        features = {feature}
        if param.type in ("quantity", "composite") and "Range" in param.expression + "".join(
                path.text for _, path in param.components):
            features.add(feature + " or Range")
        if param.type == "composite":
            pieces = [piece for text in texts for piece in split(text, "$")]
            features |= {"composite with system|" for p in pieces if p.endswith("|")}
            features |= {"composite with unit" for p in pieces if UCUM in p}
        return code + (":" + suffix if suffix else ""), texts, features

    def controls(self, kind):
        made = []
        references = [c for c in self.codes[kind]
                      if self.records.params[kind, c].type == "reference"]
        if references and self.draw.random() < 0.08:
            made.append(("_include", f"{kind}:{self.draw.choice([*references, '*'])}"))
        if self.draw.random() < 0.05:
            ways = [(k, c) for k in self.kinds for c in self.codes[k]
                    if self.records.params[k, c].type == "reference"
                    and kind in self.records.params[k, c].targets]
            if ways:
                made.append(("_revinclude", ":".join(self.draw.choice(ways))))
        if made and self.draw.random() < 0.3:
            other = self.draw.choice(("Patient:general-practitioner", "Observation:subject",
                                      "Encounter:service-provider", "Location:organization"))
            made.append(("_include:iterate", other))
        sortable = [c for c in self.codes[kind]
                    if self.records.params[kind, c].type in ("date", "string", "number")]
        if sortable and self.draw.random() < 0.1:
            keys = self.draw.sample(sortable, min(len(sortable), self.draw.choice((1, 1, 2))))
            made.append(("_sort", ",".join(self.draw.choice(("", "-")) + k for k in keys)))
        return made

    # --- one text for a value that is there: (modifier or None, text)

    def ask_token(self, held):
        if held.code is None:
            return None
        code = escape(held.code)
        system = held.system[0] if held.system else None
        chance = self.draw.random()
        if held.system is None or chance < 0.4:
            return None, code
        if system is None:
            return None, "|" + code
        return None, f"{escape(system)}|{code if chance < 0.85 else ''}"

    def token_not(self, held):
        made = self.ask_token(held)
        return made and ("not", made[1])

    def token_text(self, held):
        texts = [t for t in held.texts if t]
        return ("text", self.cut(self.draw.choice(texts))) if texts else None

    def token_of_type(self, held):
        if not held.types or not held.code:
            return None
        system, code = self.draw.choice(held.types)
        return ("of-type", "|".join(escape(t or "") for t in (system, code, held.code))) if (
            system and code) else None

    def cut(self, text):
        """A beginning of it, from a letter or digit to another, in any case."""
        text = text[:self.draw.randint(1, len(text))]
        while text and not (text[-1].isalnum() or unicodedata.combining(text[-1])):
            text = text[:-1]
        while text and not text[0].isalnum():
            text = text[1:]
        text = text or "Anna"
        return escape(self.draw.choice((text, text.upper(), text.lower())))

    def ask_string(self, held):
        return None, self.cut(held)

    def string_exact(self, held):
        return "exact", escape(self.draw.choice((held, held, held.upper(), held[:-1] or held)))

    def string_contains(self, held):
        at = self.draw.randrange(len(held))
        return "contains", self.cut(held[at:].strip() or held)

    def ask_uri(self, held):
        return None, escape(held)

    def uri_below(self, held):
        return ("below", escape(held.rsplit("/", 1)[0])) if held.count("/") > 3 else None

    def uri_above(self, held):
        return "above", escape(held + self.draw.choice(("", "/more")))

    def ask_reference(self, held):
        if held.address is not None:
            address = held.address
            return None, escape(address if self.draw.random() < 0.5 else address.split("|")[0])
        if held.id is None:
            return None
        return None, self.draw.choice((held.id, f"{held.type}/{held.id}"))

    def reference_identifier(self, held):
        made = held.identifier and self.ask_token(held.identifier)
        return made and ("identifier", made[1])

    def reference_type(self, held):
        return (held.type, held.id) if held.id and held.type in self.records.types else None

    def prefix(self, prefixes=("", "", "", *PREFIXES)):
        return self.draw.choice(prefixes)

    def ask_date(self, held, prefixes=("", "", "", *PREFIXES)):
        low, high = held
        at = low if low > -EVER else high
        if not -EVER < at < EVER:
            return None
        at += self.draw.choice((0, 0, 0, 1, -1)) * self.draw.choice((1, 10 ** 6, 86400 * 10 ** 6))
        return None, self.prefix(prefixes) + self.moment(at)

    def moment(self, at):
        zone = self.draw.choice((0, 0, 120, -300, 840))
        form = self.draw.choice(("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%dT%H:%M",
                                 "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"))
        if "T" not in form:
            return (BEGIN + datetime.timedelta(microseconds=at)).strftime(form)
        moment = BEGIN + datetime.timedelta(microseconds=at, minutes=zone)
        text = moment.strftime(form)
        if form.endswith("%f"):
            text = text[:-3] if at % 1000 == 0 else text
        if zone == 0:
            return text + self.draw.choice(("Z", "+00:00", ""))
        return text + f"{'+' if zone > 0 else '-'}{abs(zone) // 60:02}:{abs(zone) % 60:02}"

    def digits(self, value):
        """A number near it, of few digits or of all, but no more than a server may tell apart."""
        text = format(DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator)), "f")
        chance = self.draw.random()
        if chance < 0.3 and "." in text:
            text = text[:self.draw.randint(text.index("."), len(text))].rstrip(".")
        elif chance < 0.5:
            text += "0" if "." in text else ".0"
        return text if len(text) < 30 and text not in ("", "-") else "1"

    def ask_number(self, held):
        return None, self.prefix() + self.digits(held)

    def ask_quantity(self, held):
        low, high, system, code, unit = held
        value = low if low > -EVER else high
        chance = self.draw.random()
        if chance < 0.3 or not (code or unit):
            return None, self.prefix() + self.digits(value)
        if not code or chance < 0.45 or (system == UCUM and code not in UNITS):
            return None, f"{self.prefix()}{self.digits(value)}||{escape(unit or code)}"
        others = [u for u in UNITS if code in UNITS and UNITS[u][0] == UNITS[code][0]]
        if system == UCUM and others:
            other = self.draw.choice(others)
            value = Fraction(value) * UNITS[code][1] / UNITS[other][1]
            code = other
        if system is None:
            return None
        return None, f"{self.prefix()}{self.digits(value)}|{escape(system)}|{escape(code)}"

    def ask_special(self, held):
        distance = self.draw.choice(("0.5", "20", "200.0", "6000", "30000"))
        unit = self.draw.choice(("km", "m", "[mi_i]", "[mi_us]"))
        return None, f"{held[0]}|{held[1]}|{distance}|{unit}"

    def filtered(self, kind):
        """A _filter over up to three comparisons."""
        parts, features = [], {"_filter"}
        for _ in range(self.draw.choice((1, 2, 3))):
            code = self.draw.choice(self.codes[kind])
            param, values = self.records.params[kind, code], self.records.values(kind, code)
            if not values or code.startswith("_") or param.type == "composite":
                continue
            held = self.draw.choice(values[self.draw.choice(sorted(values))])
            operator, made = "eq", None
            if param.type == "string":
                operator, made = self.draw.choice(("sw", "co")), (None, self.cut(held))
            elif param.type == "date":
                operators = ("gt", "lt", "ge", "le", "sa", "eb", "po")
                operator, made = self.draw.choice(operators), self.ask_date(held, prefixes=("",))
            elif param.type == "reference" and held.type in self.codes and held.id:
                bracket = self.bracketed(code, held.type)
                parts += [bracket] if bracket else []
                continue
            elif param.type == "token":
                made = self.ask_token(held)
                if made and " " in made[1]:  # whether it may stand in quotes is not said
                    made = None
            if self.draw.random() < 0.2:
                operator, made = "pr", (None, self.draw.choice(("true", "false")))
            if made and not set(made[1]) & set('\\"'):
                value = f'"{made[1]}"' if " " in made[1] or param.type == "string" else made[1]
                parts.append(f"{code} {operator} {value}")
        if not parts:
            return None
        text = parts[0]
        for part in parts[1:]:
            text = self.draw.choice(("{} and {}", "{} or {}", "not ({}) and {}")).format(text, part)
            text = f"({text})"
        return "_filter", [text], features

    def bracketed(self, code, target):
        """"reference:Type[one comparison].another"."""
        pieces = []
        for _ in range(2):
            other = self.draw.choice([c for c in self.codes[target]
                                      if self.records.params[target, c].type == "token"])
            values = self.records.values(target, other)
            made = values and self.ask_token(
                self.draw.choice(values[self.draw.choice(sorted(values))]))
            if other.startswith("_") or not made or set(made[1]) & set('\\" []()'):
                return None
            pieces.append(f"{other} {self.draw.choice(('eq', 'eq', 'ne'))} {made[1]}")
        return f"{code}:{target}[{pieces[0]}].{pieces[1]}"

    def ask_composite(self, param, held):
        texts = []
        for (url, _), part in zip(param.components, held):
            made = getattr(self, "ask_" + self.records.type_of[url])(self.draw.choice(part))
            if made is None:
                return None
            texts.append(made[1])
        return None, "$".join(texts)

    MODIFIED = {"token": [token_not, token_text, token_of_type],
                "string": [string_exact, string_contains], "uri": [uri_below, uri_above],
                "reference": [reference_identifier, reference_type]}
