"""A page in a browser, for tests."""

from pathlib import Path
from typing import Any


class Shown:
    """A page in the browser, its console messages and its requests."""

    def __init__(self, browser: Any, path: Path, **settings: Any) -> None:
        self.view = browser.new_page(**settings)
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.view.on("console", lambda message: self.messages.append(message.text))
        self.view.on("pageerror", lambda error: self.messages.append(str(error)))
        self.view.on(
            "dialog", lambda dialog: (self.messages.append(dialog.message), dialog.dismiss())
        )
        self.view.on("request", lambda request: self.requests.append(request.url))
        self.view.goto(path.as_uri())

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.view.keyboard.press(key)

    def text(self, selector: str) -> str:
        return str(self.view.inner_text(selector))

    def texts(self, selector: str) -> list[str]:
        return list(self.view.locator(selector).all_inner_texts())

    @property
    def count(self) -> str:
        return self.text("#count")
