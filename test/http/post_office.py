"""A small SMTP server and a gateway for texts, for tests: what was sent to them, and a way to wait for more."""

import email
import email.policy
import http.server
import json
import os
import socketserver
import threading


class PostOffice:
    """Takes every message (RFC 5321, plain), and texts if asked to. `settings` is what `--messages` wants
    of it."""

    def __init__(self, folder, texts=False):
        self.messages = []
        self.texts = []
        self.gateway = None
        self.answers = {}
        self.come = threading.Condition()
        office = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self):
                office.serve(self)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.settings = f"{folder}/messages"
        with open(self.settings, "w", encoding="ascii") as out:
            out.write(f"mail-server = smtp://127.0.0.1:{self.server.server_address[1]}\n"
                      "mail-from = desk@practice.example\n")
            if texts:
                out.write(f"sms-gateway = http://127.0.0.1:{self.open_gateway()}/\n")
        os.chmod(self.settings, 0o600)

    def open_gateway(self):
        """Answers by number with the status in `answers`, else 200."""
        office = self

        class Gateway(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = office.answers.get(text["to"], 200)
                with office.come:
                    if status == 200:
                        office.texts.append(text)
                    office.come.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.gateway = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        self.gateway.daemon_threads = True
        threading.Thread(target=self.gateway.serve_forever, daemon=True).start()
        return self.gateway.server_address[1]

    def serve(self, session):
        def say(text):
            session.wfile.write(text.encode() + b"\r\n")

        say("220 ready")
        while line := session.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                say("354 go on")
                lines = []
                while (line := session.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                self.take(b"".join(lines))
                say("250 taken")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")

    def take(self, text):
        message = email.message_from_bytes(text, policy=email.policy.default)
        with self.come:
            self.messages.append(message)
            self.come.notify_all()

    def wait(self, to, number=1):
        """The newest message to that address, once there are so many."""
        def mine():
            return [message for message in self.messages if to in str(message["To"])]

        with self.come:
            assert self.come.wait_for(lambda: len(mine()) >= number, timeout=20), \
                f"{len(mine())} messages to {to}, not {number}"
            return mine()[-1]

    def wait_text(self, to, number=1):
        def mine():
            return [text["text"] for text in self.texts if text["to"] == to]

        with self.come:
            assert self.come.wait_for(lambda: len(mine()) >= number, timeout=20), \
                f"{len(mine())} texts to {to}, not {number}"
            return mine()[-1]

    def close(self):
        if self.gateway:
            self.gateway.shutdown()
            self.gateway.server_close()
        self.server.shutdown()
        self.server.server_close()
