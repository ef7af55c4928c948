"""FHIR XML as FHIR JSON, for test material that comes as XML: by the published definitions alone."""

import functools
import json
import xml.etree.ElementTree as tree

from outside import PACKAGES, Number

FHIR = "{http://hl7.org/fhir}"
XHTML = "{http://www.w3.org/1999/xhtml}"
NUMBERS = {"integer", "decimal", "unsignedInt", "positiveInt"}
PRIMITIVES = NUMBERS | {"boolean", "string", "markdown", "code", "id", "uri", "url", "canonical", "oid",
                        "uuid", "date", "dateTime", "instant", "time", "base64Binary", "xhtml"}


@functools.lru_cache(None)
def definition(kind):
    """path -> (type, whether it repeats) for each element of a type, its parts included."""
    path = PACKAGES / "hl7.fhir.r4.examples" / f"StructureDefinition-{kind}.json"
    found = {}
    for element in json.loads(path.read_text(encoding="utf-8"))["snapshot"]["element"]:
        many = element.get("base", element)["max"] != "1"
        if "contentReference" in element:
            found[element["path"]] = (element["contentReference"][1:], many)
        for each in element.get("type", []):
            code = each["code"].replace("http://hl7.org/fhirpath/System.String", "string")
            name = element["path"].replace("[x]", code[0].upper() + code[1:])
            part = code in ("BackboneElement", "Element") and element["path"].count(".")
            found[name] = (element["path"] if part else code, many)
    return found


def element_of(owner, name):
    return definition(owner.split(".")[0])[f"{owner}.{name}"]


def parts(node, kind):
    """The members of an object of a type."""
    out = {}
    if "id" in node.attrib:
        out["id"] = node.get("id")
    if "url" in node.attrib:
        out["url"] = node.get("url")
    for child in node:
        if not isinstance(child.tag, str):
            continue
        name = child.tag.replace(FHIR, "").replace(XHTML, "")
        of, many = element_of(kind, name)
        value, extra = member(child, of)
        if not many:
            if value is not None:
                out[name] = value
            if extra:
                out["_" + name] = extra
            continue
        out.setdefault(name, []).append(value)
        if of in PRIMITIVES:
            out.setdefault("_" + name, []).append(extra)
    for name in [n for n in out if n[0] == "_" and isinstance(out[n], list)]:
        if not any(out[name]):
            del out[name]
    return out


def member(node, kind):
    """The value and, of a primitive, what stands beside it."""
    if kind == "xhtml":
        text = tree.tostring(node, encoding="unicode").strip()
        return text.replace("html:", "").replace("ns0:", "").replace(":ns0", "").replace(":html", ""), None
    if kind in PRIMITIVES:
        text = node.get("value")
        value = Number(text) if kind in NUMBERS and text is not None else text
        if kind == "boolean" and text in ("true", "false"):
            value = text == "true"
        beside = {k: v for k, v in node.attrib.items() if k == "id"}
        inner = [of_extension(e) for e in node if e.tag == FHIR + "extension"]
        if inner:
            beside["extension"] = inner
        return value, beside or None
    if kind == "Resource":
        return resource(next(iter(node))), None
    return parts(node, kind), None


def of_extension(node):
    return parts(node, "Extension")


def resource(node):
    kind = node.tag.replace(FHIR, "")
    return {"resourceType": kind, **parts(node, kind)}


def read(text):
    return resource(tree.fromstring(text))
