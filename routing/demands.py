"""What a brief's words demand of a frame: people, hands, exact counts, interactions.

A reader of plain English words, not of meaning: it finds "two women", "hands", "pouring" and
numbers before nouns. People see what it read and correct it; other languages read as nothing.
"""

from __future__ import annotations

import re

from routing.complexity import Demands


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


NUMBERS: dict[str, int] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "dozen": 12,
}  # fmt: skip
PERSON = _words(
    """adult artist athlete baby barista boy bride chef child climber customer cyclist dancer
    doctor driver father friend gardener girl grandmother grandfather groom guest guy hiker host
    influencer kid lady man model mother nurse parent person player runner student swimmer teacher
    teenager traveler traveller waiter waitress woman worker"""
)
PEOPLE = _words(
    """adults artists athletes babies baristas boys chefs children climbers customers cyclists
    dancers doctors drivers fathers friends gardeners girls guests guys hikers kids ladies men
    models mothers nurses parents people players runners students swimmers teachers teenagers
    travelers travellers women workers"""
)
# How many a word without a number usually stands for (judgment).
TOGETHER: dict[str, int] = {"couple": 2, "pair": 2, "family": 4, "group": 4, "team": 4, "crowd": 8}
SEVERAL = 3
AUDIENCE = frozenset({"people", "customers", "guests"})  # whom an ad speaks to, unless counted
HANDS = _words(
    """finger fingers fingertip fingertips fist grip gripping grips hand hands held hold holding
    holds palm palms pour pouring pours thumb thumbs typing waves waving writing knitting"""
)
BETWEEN = _words(
    """carrying carries catching catches chasing cuddling dancing drinking embracing feeding giving
    handing handshake high-five hold holding holds hug hugging hugs kiss kissing lifting passing
    petting playing pouring pours pushing riding serving shaking sharing throwing throws toasting
    wrestling"""
)
NOT_COUNTED = _words(
    """am and or of in on the a an to by for at with seconds second minutes minutes' hours days
    weeks months years percent pm x"""
)
MOST = 20
_WORD = re.compile(r"[a-z][a-z'-]*|[0-9]+")


def read(text: str) -> Demands:
    """The demands that the words of `text` state; nothing found demands nothing.

    A number counts for the noun after it, with at most one word between ("three young women").
    """
    words = _WORD.findall(text.lower())[:2000]
    people = counts = objects = 0
    taken: set[int] = set()
    for at, word in enumerate(words):
        number = _number(word)
        if number is None:
            continue
        for step in (1, 2):
            noun = words[at + step] if at + step < len(words) else ""
            if noun in PEOPLE or (noun in PERSON and number == 1):
                people += number
                taken.add(at + step)
                break
        else:
            noun = words[at + 1] if at + 1 < len(words) else ""
            if number > 1 and noun.endswith("s") and noun not in NOT_COUNTED | HANDS:
                counts += 1
                objects += number
    for at, word in enumerate(words):
        if at in taken:
            continue
        if word in PERSON:
            people += 1
        elif word in TOGETHER and not _explained(words, at):
            people += TOGETHER[word]
        elif word in PEOPLE and word not in AUDIENCE:
            people += SEVERAL
    return Demands(
        people=min(people, MOST),
        hands=any(word in HANDS for word in words),
        objects=min(objects, MOST),
        counts=min(counts, MOST),
        interactions=min(sum(word in BETWEEN for word in words), MOST),
    )


def _number(word: str) -> int | None:
    if word.isdigit():
        value = int(word[:3])
        return value if value <= MOST else None
    return NUMBERS.get(word)


def _explained(words: list[str], at: int) -> bool:
    """True when the group's members follow ("a group of four runners", "a couple of friends")."""
    return "of" in words[at + 1 : at + 2]
