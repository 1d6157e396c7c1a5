"""A form as a browser without scripts would send it: every named control with its value."""

from __future__ import annotations

from html.parser import HTMLParser

PRESSED = {"checkbox", "radio"}
UNSENT = {"file", "submit", "button"}


class _Forms(HTMLParser):
    """Collects the values of each form; `marks` holds what names a form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a form, or take a control of the open one."""
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((have, {}))
        elif self.found:
            self._control(tag, have, self.found[-1][1])

    def handle_endtag(self, tag: str) -> None:
        """Options of a list of suggestions belong to no select."""
        if tag == "select":
            self._select = ""

    def _control(self, tag: str, have: dict[str, str], values: dict[str, str]) -> None:
        name, kind = have.get("name", ""), have.get("type", "text")
        if tag == "select":
            self._select = name
        elif (
            tag == "option" and self._select and (self._select not in values or "selected" in have)
        ):
            values[self._select] = have.get("value", "")
        elif tag == "input" and name and kind not in UNSENT:
            if kind in PRESSED and "checked" not in have:
                return
            values[name] = have.get("value", "on" if kind in PRESSED else "")


def values_of(page: str, **marks: str) -> dict[str, str]:
    """What the one form of `page` sends whose attributes are `marks` (`data_x` means data-x)."""
    parser = _Forms()
    parser.feed(page)
    wanted = {name.replace("_", "-"): value for name, value in marks.items()}
    (values,) = [found for have, found in parser.found if wanted.items() <= have.items()]
    return values
