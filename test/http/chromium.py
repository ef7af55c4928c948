"""A real Chromium, spoken to through a pipe (Chrome DevTools Protocol), with nothing but Python."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time


def found():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """One window. Pages are waited for by what stands in them."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="hale-chromium-")
        theirs_in, self.to = os.pipe()
        self.back, theirs_out = os.pipe()
        words = [found(), "--headless", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                 "--remote-debugging-pipe", f"--user-data-dir={self.folder.name}"]
        if os.geteuid() == 0:
            words.append("--no-sandbox")

        # Its own names for the two ends are 3 and 4; the shell moves them there.
        shell = f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"'
        self.process = subprocess.Popen(["bash", "-c", shell, "bash", *words, "about:blank"],
                                        pass_fds=(theirs_in, theirs_out), start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.numbers = itertools.count(1)
        self.rest = b""
        self.session = None
        target = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"],
                                flatten=True)["sessionId"]
        self.ask("Page.enable")

    def ask(self, method, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                more = os.read(self.back, 1 << 16)
                assert more, "the browser has gone"
                self.rest += more
            one, _, self.rest = self.rest.partition(b"\0")
            answer = json.loads(one)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def run(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def open(self, address):
        self.ask("Page.navigate", url=address)

    def wait(self, condition, seconds=20):
        """Until a condition of the page holds; pages may come and go meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.run(f"document.readyState === 'complete' && !!({condition})"):
                    return
            except AssertionError:
                pass
            time.sleep(0.05)
        raise AssertionError((condition, self.run("location.href + document.body.innerText")))

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        for _ in range(20):  # its children write there for a moment longer
            try:
                self.folder.cleanup()
                return
            except OSError:
                time.sleep(0.1)
