"""Opens exported pages in Chromium: no error on the console, no request leaves the page, and nothing
is cut off at the width of a phone.

`python3 chromium.py CHROMIUM FOLDER [SCREENSHOTS]`, with the pages in FOLDER. With a third argument,
pictures of each page are left there: light, dark, on a phone, and printed.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
]
WIDE = {"width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


class Browser:
    """A Chromium that is told what to do through two pipes (the DevTools protocol)."""

    def __init__(self, program, profile):
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()

        def prepare():
            # Chromium reads from 3 and writes to 4. Copies first: the pipes may have these numbers.
            reads, writes = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self.process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            close_fds=False,
            preexec_fn=prepare,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.events = []
        self.number = 0
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ["Page", "Network", "Log", "Runtime"]:
            self.call(f"{domain}.enable")

    def receive(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.input, 1 << 20)
            assert piece, "Chromium has ended"
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        """Opens a page, and returns the events until it was loaded."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())
        self.evaluate("new Promise(done => setTimeout(done, 100))")
        return list(self.events)

    def evaluate(self, script):
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        return answer["result"].get("value")

    def look(self, scheme, size, media=""):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[feature])
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        self.process.kill()
        self.process.wait()


def complaints(event, folder):
    """What is wrong about an event."""
    params = event.get("params", {})
    match event.get("method"):
        case "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("data:", folder.as_uri())):
                yield f"it asks for {url}"
        case "Log.entryAdded":
            yield f"console: {params['entry']['text']} {params['entry'].get('url', '')}"
        case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
            yield f"a script runs: {params}"
        case "Page.javascriptDialogOpening":
            yield f"a dialog opens: {params}"


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    shots = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
    pages = sorted(folder.glob("*.html"))
    assert pages, f"{folder} has no pages"
    wrong = []
    # Chromium writes into its profile until it has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        for page in pages:
            looks = [
                ("light", ("light", WIDE)),
                ("dark", ("dark", WIDE)),
                ("phone", ("light", PHONE)),
                ("phone-dark", ("dark", PHONE)),
                ("print", ("light", WIDE, "print")),
            ]
            for name, look in looks:
                browser.look(*look)
                events = browser.open(page.as_uri())
                found = [wrong for event in events for wrong in complaints(event, folder)]
                wide = browser.evaluate("document.documentElement.scrollWidth - innerWidth")
                if wide > 0:
                    found.append(f"it is {wide} pixels too wide")
                broken = browser.evaluate(
                    "[...document.images].filter(image => !image.naturalWidth).length"
                )
                if broken:
                    found.append(f"{broken} images are not shown")
                wrong += [f"{page.name}, {name}: {text}" for text in found]
                if shots:
                    browser.screenshot(shots / f"{page.stem}-{name}.png")
        browser.close()
    for text in wrong:
        print(text, file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
