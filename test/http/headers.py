"""headers.py PROGRAM [WORD…]: what every answer of a live server carries, whatever was asked.

All rows of the route table and the ways to fail at each. Security rule B9, ASVS 3.4.
"""

import http.client
import pathlib
import re
import sys

from live import Server, run
from person import Browser, hale

PROGRAM = sys.argv[1]
ROUTES = re.findall(r'\{ (HTTP_\w+), "([^"]+)", (NEEDS_\w+)',
                    (pathlib.Path(__file__).parents[2] / "src/server/routes.c").read_text())
server = None
browser = None


def ask(method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}


def check(what, status, headers):
    policy = headers.get("content-security-policy", "")
    assert "default-src 'none'" in policy, (what, status, policy)
    assert "frame-ancestors 'none'" in policy, (what, status, policy)
    assert "unsafe" not in policy and "*" not in policy, (what, status, policy)
    assert headers.get("x-content-type-options") == "nosniff", (what, status)
    assert headers.get("cross-origin-resource-policy"), (what, status)
    assert "cache-control" in headers, (what, status)
    assert re.fullmatch(r"[\w-]{8,64}", headers.get("x-request-id", "")), (what, status)
    assert "strict-transport-security" in headers, (what, status)
    assert "server" not in headers and "x-powered-by" not in headers, (what, status)
    if headers.get("content-type", "").startswith("text/html"):
        assert headers.get("x-frame-options") == "DENY" or path_is_landing(what), what
        assert headers.get("referrer-policy") == "no-referrer", what


def path_is_landing(what):
    return what[1] == "/"


def concrete(path):
    return path.replace("/**", "/Patient")


def every_route_answers_with_them():
    assert len(ROUTES) > 30, "the table was not found"
    for method, path, _ in ROUTES:
        for verb in {"HTTP_GET": ["GET", "HEAD"], "HTTP_POST": ["POST"]}.get(method, ["GET", "POST", "PUT"]):
            for headers in ({}, {"Cookie": "__Host-hale=" + "A" * 43}, {"Authorization": "Bearer x"},
                            {"Content_Type": "application/json"},
                            {"Content_Type": "application/x-www-form-urlencoded"}):
                what = (verb, concrete(path), tuple(headers))
                check(what, *ask(verb, concrete(path), "x" if verb == "POST" else None, **headers))


def so_do_wrong_methods_and_what_is_not_there():
    for path in {concrete(p) for _, p, _ in ROUTES} | {"/nothing", "/fhir/Nothing/1", "/%2e%2e/x", "/a%2Fb",
                                                       "/%ff", "/fhir/Patient?%zz=1"}:
        for verb in ("GET", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            check((verb, path), *ask(verb, path))


def so_do_pages_of_somebody_who_has_signed_in():
    for method, path, need in ROUTES:
        if need in ("NEEDS_BROWSER", "NEEDS_SESSION", "NEEDS_FRESH") and method == "HTTP_GET":
            page = browser.get(path)
            check(("GET", path, "signed in"), page.status, {k.lower(): v for k, v in page.headers})


def so_does_what_is_too_long():
    check(("GET", "long"), *ask("GET", "/fhir/Patient?name=" + "a" * 9000))
    check(("POST", "long"), *ask("POST", "/sign-in", "a" * 70000,
                                 Content_Type="application/x-www-form-urlencoded"))


TESTS = [every_route_answers_with_them, so_do_wrong_methods_and_what_is_not_there,
         so_do_pages_of_somebody_who_has_signed_in, so_does_what_is_too_long]


def main():
    global server, browser
    server = Server(PROGRAM, "--behind-proxy", "--base-url", "https://hale.example")
    try:
        link = hale(PROGRAM, "user", "add", "anne", "--role", "patient", "--linked", "Patient/1",
                    "--data", server.folder)
        browser = Browser(server.port)
        browser.take_up(link, "four plain words here")
        assert browser.sign_in("anne", "four plain words here").status == 200
        return run(TESTS, sys.argv[2:])
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
