"""What one value of a search matches, by the words of R4 (search.html, sections "date" to "uri").

Values of a resource are taken apart once, by CONVERT; MATCH compares one of them with one text of a
search. No tables of rows, no intervals made ready: it does what the page says, slowly."""

import datetime
import math
import re
import unicodedata
from fractions import Fraction

EVER = 10 ** 18
UCUM = "http://unitsofmeasure.org"
CURRENCY = "urn:iso:std:iso:4217"
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

# Units of UCUM that samples use: what they measure, and how much of its first unit they are.
UNITS = {
    "g": ("mass", Fraction(1)), "kg": ("mass", Fraction(1000)), "mg": ("mass", Fraction(1, 1000)),
    "ug": ("mass", Fraction(1, 10 ** 6)),
    "m": ("length", Fraction(1)), "cm": ("length", Fraction(1, 100)),
    "mm": ("length", Fraction(1, 1000)), "[in_i]": ("length", Fraction(254, 10000)),
    "s": ("time", Fraction(1)), "min": ("time", Fraction(60)), "h": ("time", Fraction(3600)),
    "d": ("time", Fraction(86400)),
    "L": ("volume", Fraction(1)), "mL": ("volume", Fraction(1, 1000)),
    "dL": ("volume", Fraction(1, 10)),
    "g/L": ("mass in volume", Fraction(1)), "mg/dL": ("mass in volume", Fraction(1, 100)),
    "mg/mL": ("mass in volume", Fraction(1)), "g/dL": ("mass in volume", Fraction(10)),
    "g/mL": ("mass in volume", Fraction(1000)), "mg/L": ("mass in volume", Fraction(1, 1000)),
    "ug/L": ("mass in volume", Fraction(1, 1000000)), "ug/dL": ("mass in volume", Fraction(1, 100000)),
    "ug/mL": ("mass in volume", Fraction(1, 1000)), "ng/L": ("mass in volume", Fraction(1, 1000000000)),
    "ng/dL": ("mass in volume", Fraction(1, 100000000)), "ng/mL": ("mass in volume", Fraction(1, 1000000)),
    "pg/dL": ("mass in volume", Fraction(1, 100000000000)),
    "pg/mL": ("mass in volume", Fraction(1, 1000000000)),
}


class Malformed(Exception):
    """A value that its parameter cannot have."""


class Rules:
    """Where R4 leaves a choice: a search whose answer depends on it is not asked."""

    def __init__(self, approximately=Fraction(1, 10), spaces=False, strokes=False, now=None):
        self.approximately = approximately
        self.spaces = spaces    # punctuation is as a space, rather than nothing
        self.strokes = strokes  # a stroke through a letter is an accent
        self.reach = 1.01 if spaces else 0.99  # how round the earth is
        self.now = now or int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 10 ** 6)

    def fold(self, text):
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
        text = text.replace("ø", "o") if self.strokes else text
        text = "".join(c if c.isalnum() or c.isspace() else " " if self.spaces else ""
                       for c in text)
        return " ".join(text.split())


def split(text, sign):
    """Cut at a sign that no backslash stands before; escapes stay."""
    parts, at, start = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == sign:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return parts + [text[start:]]


def unescape(text):
    return re.sub(r"\\([,|$\\])", r"\1", text)


def prefixed(text):
    return (text[:2], text[2:]) if text[:2] in (*PREFIXES, "po") else ("eq", text)


# --- moments ---------------------------------------------------------------------------------

MOMENT = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?"
                    r"(Z|[+-]\d\d:\d\d)?)?)?)?$")
BEGIN = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


def interval(text):
    """[low, high) in microseconds of a date or time, of the length its digits mean."""
    found = MOMENT.match(text.replace(" ", "+"))
    if not found:
        raise Malformed(text)
    year, month, day, hour, minute, second, part, zone = found.groups()
    try:
        low = datetime.datetime(int(year), int(month or 1), int(day or 1), int(hour or 0),
                                int(minute or 0), int(second or 0),
                                int((part or "0").ljust(6, "0")))
    except ValueError as error:
        raise Malformed(text) from error
    if month is None:
        high = low.replace(year=low.year + 1)
    elif day is None:
        high = (low.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)
    else:
        step = {"days": 1} if hour is None else {"minutes": 1} if second is None else (
            {"seconds": 1} if part is None else {"microseconds": 10 ** (6 - len(part))})
        high = low + datetime.timedelta(**step)
    shift = 0
    if zone and zone != "Z":
        shift = int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[4:])) * 60 * 10 ** 6
    return (low - BEGIN) // MICROSECOND - shift, (high - BEGIN) // MICROSECOND - shift


def period(value):
    starts, ends = value.get("start"), value.get("end")
    return (interval(starts)[0] if starts else -EVER, interval(ends)[1] if ends else EVER)


def moments(node):
    if node.type in ("date", "dateTime", "instant"):
        return [interval(node.value)]
    if node.type == "Period":
        return [period(node.value)]
    if node.type == "Timing":
        found = [interval(event) for event in node.value.get("event", [])]
        bounds = node.value.get("repeat", {}).get("boundsPeriod")
        found += [period(bounds)] if bounds else []
        if found:
            return [(min(low for low, _ in found), max(high for _, high in found))]
    return []


def date_matches(text, value, rules):
    prefix, text = prefixed(text)
    low, high = interval(text)
    if prefix == "ap":
        gap = int(rules.approximately * abs(rules.now - (low + high) // 2))
        low, high = low - gap, high + gap
    start, end = value
    within = low <= start and end <= high
    return {"eq": within, "ne": not within, "gt": end > high, "lt": start < low,
            "ge": end > low, "le": start < high, "sa": start >= high, "eb": end <= low,
            "ap": start < high and end > low, "po": start < high and end > low}[prefix]


# --- numbers and quantities ------------------------------------------------------------------

NUMBER = re.compile(r"-?\d+(?:\.(\d+))?(?:[eE]([+-]?\d+))?$")


def number(text):
    """(value, half of its last digit)."""
    found = NUMBER.match(text)
    if not found:
        raise Malformed(text)
    exponent = int(found[2] or 0) - len(found[1] or "")
    return Fraction(text), Fraction(10) ** exponent / 2


def amount_matches(prefix, value, half, low, high, rules, factor=1):
    """Against [low, high], both the same unless it is a Range. `factor` brings to one unit."""
    at = value * factor
    least, most = (value - half) * factor, (value + half) * factor
    within = least <= low and (high < most or (low < high == most))
    gap = abs(at) * rules.approximately
    return {"eq": within, "ne": not within, "gt": high > at, "lt": low < at, "ge": high >= at,
            "le": low <= at, "sa": low > at, "eb": high < at,
            "ap": low <= at + gap and high >= at - gap}[prefix]


def number_matches(text, value, rules):
    prefix, text = prefixed(text)
    return amount_matches(prefix, *number(text), value, value, rules)


def quantity_values(node):
    """[(low, high, system, code, unit)]"""
    value = node.value
    if node.type == "Money":
        return [(*2 * (Fraction(value["value"]),), CURRENCY, value.get("currency"), None)] if (
            "value" in value) else []
    if node.type == "Range":
        low, high = value.get("low"), value.get("high")
        some = low or high
        if not some:
            return []
        return [(Fraction(low["value"]) if low else -EVER,
                 Fraction(high["value"]) if high else EVER,
                 some.get("system"), some.get("code"), some.get("unit"))]
    if "value" not in value:
        return []
    return [(*2 * (Fraction(value["value"]),), value.get("system"), value.get("code"),
             value.get("unit"))]


def quantity_matches(text, value, rules):
    low, high, system, code, unit = value
    parts = split(text, "|")
    prefix, digits = prefixed(parts[0])
    amount, half = number(digits)
    if len(parts) == 1:
        return amount_matches(prefix, amount, half, low, high, rules)
    if len(parts) != 3:
        raise Malformed(text)
    wanted_system, wanted = unescape(parts[1]), unescape(parts[2])
    if not wanted_system:
        return wanted in (code, unit) and amount_matches(prefix, amount, half, low, high, rules)
    if system != wanted_system:
        return False
    if code == wanted:
        return amount_matches(prefix, amount, half, low, high, rules)
    if system == UCUM and code in UNITS and wanted in UNITS and (
            UNITS[code][0] == UNITS[wanted][0]):
        return amount_matches(prefix, amount, half, low, high, rules,
                              UNITS[wanted][1] / UNITS[code][1])
    return False


# --- texts, codes, addresses -----------------------------------------------------------------

PARTS = {"HumanName": ("family", "given", "prefix", "suffix", "text"),
         "Address": ("line", "city", "district", "state", "postalCode", "country", "text")}


def strings(node):
    if node.type not in PARTS:
        return [node.value] if isinstance(node.value, str) else []
    found = []
    for part in PARTS[node.type]:
        value = node.value.get(part, [])
        found += value if isinstance(value, list) else [value]
    return found


def string_matches(text, value, rules, modifier=""):
    text = unescape(text)
    if modifier == "exact":
        return value == text
    if modifier == "contains":
        return rules.fold(text) in rules.fold(value)
    return rules.fold(value).startswith(rules.fold(text))


class Code:
    """A coded value: its systems (None: not told), its code, texts, type of identifier."""

    def __init__(self, system, code, texts=(), types=()):
        self.system, self.code, self.texts, self.types = system, code, texts, types


def tokens(node):
    value = node.value
    if node.type == "Coding":
        return [Code((value.get("system"),), value.get("code"), (value.get("display"),))]
    if node.type == "CodeableConcept":
        coded = [Code((c.get("system"),), c.get("code"), (c.get("display"), value.get("text")))
                 for c in value.get("coding", [])]
        return coded or [Code((None,), None, (value.get("text"),))]
    if node.type == "Identifier":
        kind = value.get("type", {})
        return [Code((value.get("system"),), value.get("value"), (kind.get("text"),),
                     [(c.get("system"), c.get("code")) for c in kind.get("coding", [])])]
    if node.type == "ContactPoint":
        return [Code(None, value.get("value"))]
    if isinstance(value, bool):
        return [Code(None, "true" if value else "false")]
    return [Code(node.systems or None, value)] if isinstance(value, str) else []


def token_matches(text, value, rules, modifier=""):
    if modifier == "text":
        return any(string_matches(text, t, rules) for t in value.texts if t)
    parts = [unescape(part) for part in split(text, "|")]
    if modifier == "of-type":
        system, kind, wanted = parts
        return value.code == wanted and any(
            code == kind and (not system or system == known) for known, code in value.types)
    if len(parts) == 1:
        return value.code == parts[0]
    system, code = parts
    if code and value.code != code:
        return False
    if value.system is None:
        return not system
    return (system or None) in value.system


def uri_matches(text, value, rules, modifier=""):
    text = unescape(text)
    if modifier == "below":
        return value == text or value.startswith(text.rstrip("/") + "/")
    if modifier == "above":
        return value == text or text.startswith(value.rstrip("/") + "/")
    return value == text


# --- references ------------------------------------------------------------------------------

LOCAL = re.compile(r"(?:([A-Za-z]+)/)?([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?$")


class Target:
    """A reference taken apart: a local one has a type and an id, any other its address."""

    def __init__(self, text, canonical, identifier=None):
        self.type = self.id = self.version = self.address = None
        self.identifier = identifier
        found = None if canonical or not text else LOCAL.match(text)
        if found and found[1]:
            self.type, self.id, self.version = found.groups()
        elif text and not text.startswith("#"):
            self.address = text


def targets(node):
    if node.type == "Reference":
        identifier = node.value.get("identifier")
        return [Target(node.value.get("reference"), False,
                       identifier and Code((identifier.get("system"),), identifier.get("value")))]
    return [Target(node.value, True)] if isinstance(node.value, str) else []


def reference_matches(text, value, rules, modifier=""):
    if modifier == "identifier":
        return bool(value.identifier) and token_matches(text, value.identifier, rules)
    text = unescape(text)
    found = LOCAL.match(text)
    if found:
        kind = found[1] or modifier or None
        return (value.id == found[2] and kind in (None, value.type)
                and (not modifier or value.type == modifier)
                and (not found[3] or found[3] == value.version))
    if value.address is None:
        return False
    return value.address == text or value.address.split("|")[0] == text


# --- places ----------------------------------------------------------------------------------

EARTH_KM = 6371.0
UNITS_KM = {"km": 1.0, "m": 0.001, "[mi_i]": 1.609344, "[mi_us]": 1.609347218694,
            "": 1.0}


def places(node):
    value = node.value
    return [(float(value["latitude"]), float(value["longitude"]))] if (
        "latitude" in value and "longitude" in value) else []


def near_matches(text, value, rules):
    """latitude|longitude|distance|unit: as the crow flies."""
    latitude, longitude, distance, unit = split(text, "|")
    from_, to = math.radians(float(latitude)), math.radians(value[0])
    turn = math.radians(value[1] - float(longitude))
    half = (math.sin((to - from_) / 2) ** 2
            + math.cos(from_) * math.cos(to) * math.sin(turn / 2) ** 2)
    apart = 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
    return apart <= float(distance) * UNITS_KM[unit] * rules.reach


CONVERT = {"date": moments, "quantity": quantity_values, "string": strings, "token": tokens,
           "reference": targets, "special": places,
           "number": lambda node: [Fraction(node.value)] if isinstance(node.value, str) else [],
           "uri": lambda node: [node.value] if isinstance(node.value, str) else []}

MATCH = {"date": date_matches, "number": number_matches, "quantity": quantity_matches,
         "string": string_matches, "token": token_matches, "uri": uri_matches,
         "reference": reference_matches, "special": near_matches}
MODIFIERS = {"string": ("exact", "contains"), "token": ("not", "text", "of-type"),
             "uri": ("above", "below"), "reference": ("identifier",)}
