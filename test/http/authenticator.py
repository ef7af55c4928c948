"""An authenticator made of openssl, for tests: makes passkeys and signs with them, rightly or, when it
is told to, wrongly (WebAuthn Level 2, sections 5 to 7)."""

import base64
import hashlib
import json
import os
import subprocess
import tempfile


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_url64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def head(major, count):
    if count < 24:
        return bytes([major << 5 | count])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if count < 1 << 8 * size:
            return bytes([major << 5 | code]) + count.to_bytes(size, "big")
    raise OverflowError


def cbor(value):
    if isinstance(value, bool):
        return bytes([0xf5 if value else 0xf4])
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout


class Authenticator:
    """One passkey. `kind`: ES256, EdDSA or RS256."""

    def __init__(self, kind="ES256", counts=True):
        self.kind = kind
        self.id = os.urandom(32)
        self.handle = None
        self.count = 1 if counts else 0
        file, self.path = tempfile.mkstemp(prefix="hale-key-")
        os.close(file)
        words = {"ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                 "EdDSA": ["-algorithm", "ED25519"],
                 "RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]}[kind]
        openssl("genpkey", *words, "-out", self.path)

    def __del__(self):
        os.unlink(self.path)

    def cose(self):
        public = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        if self.kind == "ES256":
            return {1: 2, 3: -7, -1: 1, -2: public[-64:-32], -3: public[-32:]}
        if self.kind == "EdDSA":
            return {1: 1, 3: -8, -1: 6, -2: public[-32:]}
        modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode()
        return {1: 3, 3: -257, -1: bytes.fromhex(modulus.strip().partition("=")[2]),
                -2: b"\x01\x00\x01"}

    def sign(self, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            if self.kind == "EdDSA":
                return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", file.name)
            return openssl("dgst", "-sha256", "-sign", self.path, file.name)

    def client_data(self, kind, given, origin, **wrong):
        return json.dumps({"type": f"webauthn.{kind}", "challenge": given["challenge"],
                           "origin": origin, "crossOrigin": False, **wrong}).encode()

    def auth_data(self, site, flags, key=None, extensions=b""):
        data = hashlib.sha256(site.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
        if key is not None:
            data += bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        return data + extensions

    def make(self, given, origin, site=None, flags=0x45, key=None, format="none", cut=0, object=None,
             extensions=b"", **client):
        """The fields of the form that makes it."""
        self.handle = from_url64(given["handle"])
        data = self.auth_data(site or given["site"], flags, cbor(key or self.cose()), extensions)
        whole = object or cbor({"fmt": format, "attStmt": {}, "authData": data})
        return {"id": url64(self.id), "attestation": url64(whole[:len(whole) - cut]),
                "client_data": url64(self.client_data("create", given, origin, **client))}

    def use(self, given, origin, site=None, flags=0x05, extensions=b"", **client):
        """The fields of the form that signs in with it."""
        if self.count:
            self.count += 1
        data = self.auth_data(site or given["site"], flags, extensions=extensions)
        said = self.client_data("get", given, origin, **client)
        return {"id": url64(self.id), "client_data": url64(said), "auth_data": url64(data),
                "signature": url64(self.sign(data + hashlib.sha256(said).digest())),
                "handle": url64(self.handle)}
