"""Somebody with a browser without script, for tests: cookies, forms, links, an authenticator."""

import base64
import hashlib
import hmac
import html
import http.client
import itertools
import re
import subprocess
import time
import urllib.parse


class Page:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def form(self, action=None):
        """The hidden and filled-in fields of the form, by name."""
        forms = re.findall(r'<form method="post" action="([^"]*)">(.*?)</form>', self.body, re.S)
        for target, inside in forms:
            if action in (None, target):
                fields = {}
                for tag in re.findall(r"<input[^>]*>", inside):
                    name = re.search(r' name="([^"]*)"', tag)
                    value = re.search(r' value="([^"]*)"', tag)
                    if 'type="hidden"' in tag:
                        fields[name[1]] = html.unescape(value[1])
                return target, fields
        raise AssertionError(f"no form to {action}: {self.body}")


    def form_with(self, action):
        """The hidden fields of a form that has more to it than an action."""
        inside = re.search(rf'<form method="post" action="{action}"[^>]*>(.*?)</form>', self.body, re.S)
        assert inside, f"no form to {action}: {self.body}"
        return {name: html.unescape(value) for name, value in re.findall(
            r'<input type="hidden" name="([^"]*)" value="([^"]*)">', inside[1])}


class Browser:
    """Keeps cookies, follows nothing by itself. Each is in a network of its own, as a server behind
    a proxy sees it."""

    count = itertools.count(1)

    def __init__(self, port, language="en"):
        self.port = port
        self.language = language
        number = next(Browser.count)
        self.address = f"10.{number // 250}.{number % 250}.7"
        self.cookies = {}
        self.totp_key = None
        self.last_step = 0

    def request(self, method, target, fields=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        all_headers = {"Accept-Language": self.language}
        if self.cookies:
            all_headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        all_headers["X-Forwarded-For"] = self.address
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            all_headers["Content-Type"] = "application/x-www-form-urlencoded"
        all_headers.update(headers)
        connection.request(method, target, body, all_headers)
        answer = connection.getresponse()
        page = Page(answer.status, answer.getheaders(), answer.read().decode())
        connection.close()
        for name, value in page.headers:
            if name.lower() == "set-cookie":
                self.take_cookie(value)
        return page

    def take_cookie(self, text):
        pair, *attributes = [part.strip() for part in text.split(";")]
        name, _, value = pair.partition("=")
        assert name.startswith("__Host-"), text
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(attributes), text
        assert not any(a.lower().startswith("domain") for a in attributes), text
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value

    def get(self, target):
        return self.request("GET", target)

    def send(self, page, action=None, **fields):
        target, hidden = page.form(action)
        return self.request("POST", target, {**hidden, **fields})

    def follow(self, page):
        assert page.status == 303, (page.status, page.body)
        return self.get(page.header("location"))

    # ---- what people do ----

    def code(self):
        """The code of the authenticator; waits where this step's was used already."""
        while int(time.time()) // 30 <= self.last_step:
            time.sleep(0.2)
        self.last_step = int(time.time()) // 30
        return totp(self.totp_key, self.last_step)

    def take_up(self, link, password, **more):
        """Sets the password behind a link."""
        target = re.sub(r"^https?://[^/]*", "", link)
        page = self.send(self.get(target), new=password, again=password, **more)
        assert page.status == 303 and page.header("location") == "/sign-in?done=1", page.body
        return self.follow(page)

    def give_password(self, name, password, next=None):
        target = "/sign-in" + (f"?next={urllib.parse.quote(next, safe='')}" if next else "")
        return self.send(self.get(target), name=name, password=password)

    def set_up(self, page):
        """The second factor, from the page that shows its key: the recovery codes' page."""
        key = re.search(r'<pre class="key">([A-Z2-7 ]+)</pre>', page.body)[1].replace(" ", "")
        self.totp_key = base64.b32decode(key)
        return self.send(page, code=self.code())

    def sign_in(self, name, password, next=None):
        page = self.give_password(name, password, next)
        if page.status == 303 and page.header("location").startswith("/sign-in/setup"):
            page = self.set_up(self.follow(page))
            assert page.status == 200 and "recovery" in page.body, page.body
            target = re.search(r'class="button" href="([^"]*)"', page.body)[1]
            return self.get(html.unescape(target))
        if page.status == 303 and page.header("location").startswith("/sign-in/code"):
            page = self.send(self.follow(page), code=self.code())
        return self.follow(page)


def totp(key, step):
    mac = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7fffffff) % 1000000:06d}"


def hale(program, *words):
    """A command; its standard output."""
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout.strip()
