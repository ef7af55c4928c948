"""Keys as a client's own script makes them: with openssl alone. JWKS and signed tokens."""

import base64
import json
import pathlib
import re
import secrets
import subprocess
import time


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def openssl(*words, data=None):
    done = subprocess.run(["openssl", *words], input=data, capture_output=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def number(text, size=None):
    digits = re.sub(r"[^0-9a-f]", "", text)
    value = int(digits, 16)
    return value.to_bytes(size or (value.bit_length() + 7) // 8, "big")


class Key:
    def __init__(self, folder, kind, kid, bits=2048):
        self.kid, self.kind = kid, kind
        self.file = str(pathlib.Path(folder) / f"{kid}.pem")
        if kind == "RSA":
            openssl("genrsa", "-out", self.file, str(bits))
        else:
            openssl("ecparam", "-name", "secp384r1" if kind == "EC" else kind, "-genkey", "-noout",
                    "-out", self.file)

    def jwk(self, **more):
        if self.kind == "RSA":
            text = openssl("rsa", "-in", self.file, "-noout", "-text").decode()
            modulus = re.search(r"modulus:\n((?:\s+[0-9a-f:]+\n)+)", text)[1]
            exponent = int(re.search(r"publicExponent: (\d+)", text)[1])
            own = {"kty": "RSA", "n": b64(number(modulus)),
                   "e": b64(exponent.to_bytes(3, "big").lstrip(b"\0"))}
        else:
            text = openssl("ec", "-in", self.file, "-noout", "-text").decode()
            point = re.search(r"pub:\n((?:\s+[0-9a-f:]+\n)+)", text)[1]
            point = bytes.fromhex(re.sub(r"[^0-9a-f]", "", point))
            half = (len(point) - 1) // 2
            own = {"kty": "EC", "crv": {48: "P-384", 32: "P-256"}[half],
                   "x": b64(point[1:1 + half]), "y": b64(point[1 + half:])}
        return {**own, "kid": self.kid, "use": "sig", **more}

    def alg(self):
        return "RS384" if self.kind == "RSA" else "ES384"

    def sign(self, data, digest="sha384"):
        made = openssl("dgst", f"-{digest}", "-sign", self.file, data=data)
        return made if self.kind == "RSA" else der_to_raw(made, 48)

    def token(self, claims, head=None, digest="sha384"):
        head = {"alg": self.alg(), "typ": "JWT", "kid": self.kid, **(head or {})}
        head = {k: v for k, v in head.items() if v is not None}
        claims = {k: v for k, v in claims.items() if v is not None}
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
        return text + "." + b64(self.sign(text.encode(), digest))


def der_to_raw(der, size):
    """Two numbers, as DER keeps them, behind each other."""
    out, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        out += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(size, "big")
        at += 2 + length
    return out


def claims(client, audience, **changes):
    now = int(time.time())
    return {"iss": client, "sub": client, "aud": audience, "exp": now + 240, "iat": now,
            "jti": secrets.token_hex(16), **changes}


# ---- checking what the server signed ----

def der(tag, body):
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def rsa_public(folder, jwk):
    """A file with the key, as openssl reads it."""
    numbers = b"".join(der(2, b"\0" + unb64(jwk[name])) for name in ("n", "e"))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    key = der(0x30, algorithm + der(3, b"\0" + der(0x30, numbers)))
    file = pathlib.Path(folder) / f"{jwk['kid']}.der"
    file.write_bytes(key)
    return str(file)


def open_token(folder, token, keys):
    """The claims of a token that one of the keys signed with RS256."""
    head, claims, signature = token.split(".")
    header = json.loads(unb64(head))
    assert header["alg"] == "RS256", header
    jwk, = [key for key in keys["keys"] if key["kid"] == header["kid"]]
    assert jwk["kty"] == "RSA" and jwk["use"] == "sig" and "d" not in jwk
    file = pathlib.Path(folder) / "signature"
    file.write_bytes(unb64(signature))
    openssl("dgst", "-sha256", "-verify", rsa_public(folder, jwk), "-keyform", "DER", "-signature",
            str(file), data=f"{head}.{claims}".encode())
    return json.loads(unb64(claims)), header
