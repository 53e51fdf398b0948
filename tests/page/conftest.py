"""Pages, opened in a real browser that has no window: what it draws, complains of, and asks the network for."""

import json
import shutil
from pathlib import Path

import pytest

CHROMIUM, CHROMEDRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "no Chromium here: install the packages chromium and chromium-driver"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # not even a name is asked for
    "--window-size=1280,1000",
]


class Page:
    """A page that is open: asked and steered by what a user has, keys and clicks, and by scripts that look."""

    def __init__(self, driver, file):
        self.driver = driver
        self.file = file

    def open(self, there="", *, dark=False, width=1280, media=""):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.cdp("Emulation.setEmulatedMedia", media=media, features=[scheme, calm])
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get("about:blank")  # else only what stands behind the # would change
        self.driver.get(f"{self.file.as_uri()}{there}")
        self.js_later("requestAnimationFrame(() => requestAnimationFrame(done))")
        return self

    def cdp(self, command, **told):
        return self.driver.execute_cdp_cmd(command, told)

    def js(self, expression, *arguments):
        """What an expression is in the page."""
        return self.driver.execute_script(f"return ({expression})", *arguments)

    def js_later(self, statements, *arguments):
        """What some statements hand to `done`, however long that takes them."""
        return self.driver.execute_async_script(
            f"const done = arguments[arguments.length - 1]; {statements}", *arguments
        )

    def until(self, expression):
        """Wait for something to be so; the browser's own limit of ten seconds ends that."""
        self.js_later(f"const look = () => {expression} ? done() : requestAnimationFrame(look); look()")

    def all(self, selector):
        """The texts of all elements that a selector names."""
        return self.js("[...document.querySelectorAll(arguments[0])].map((each) => each.textContent)", selector)

    def text(self, selector):
        return self.js("document.querySelector(arguments[0])?.textContent", selector)

    def click(self, selector):
        self.js("document.querySelector(arguments[0]).click()", selector)

    def choose(self, selector, value):
        """Choose one of a list, or write into a field, as a user does."""
        code = """(([element, value]) => { element.value = value;
            element.dispatchEvent(new Event(element.tagName === "SELECT" ? "change" : "input")); })(arguments)"""
        self.js(code.replace("arguments)", "[document.querySelector(arguments[0]), arguments[1]])"), selector, value)

    def press(self, *keys):
        """Press keys where the focus is."""
        for key in keys:
            self.cdp("Input.dispatchKeyEvent", type="keyDown", key=key, **KEYS[key])
            self.cdp("Input.dispatchKeyEvent", type="keyUp", key=key, **KEYS[key])

    @property
    def focused(self):
        return self.js("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")

    @property
    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @property
    def asked_for(self):
        """Every URL that was asked for since it was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]


KEYS = {
    "Tab": {"windowsVirtualKeyCode": 9, "code": "Tab"},
    "Enter": {"windowsVirtualKeyCode": 13, "code": "Enter", "text": "\r"},
    "End": {"windowsVirtualKeyCode": 35, "code": "End"},
    "Home": {"windowsVirtualKeyCode": 36, "code": "Home"},
    "ArrowLeft": {"windowsVirtualKeyCode": 37, "code": "ArrowLeft"},
    "ArrowUp": {"windowsVirtualKeyCode": 38, "code": "ArrowUp"},
    "ArrowRight": {"windowsVirtualKeyCode": 39, "code": "ArrowRight"},
    "ArrowDown": {"windowsVirtualKeyCode": 40, "code": "ArrowDown"},
}


def chromium():
    """A browser without a window."""
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    opened.set_script_timeout(10)
    return opened


@pytest.fixture(scope="session")
def driver():
    """One browser for all tests of a worker."""
    if CHROMIUM is None or CHROMEDRIVER is None:
        pytest.skip(MISSING)
    opened = chromium()
    yield opened
    opened.quit()


@pytest.fixture
def page_of(driver, tmp_path):
    """Write a page and open it."""

    def opened(html, there="", **how):
        file = Path(tmp_path) / "page.html"
        file.write_text(html, "utf-8")
        return Page(driver, file).open(there, **how)

    return opened
