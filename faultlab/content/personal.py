"""Prompts with personal data in them, and what of it a text gives away: for tests of whatever is to leave it out.

Nobody's data: names from lists, numbers from the ranges that are kept free for tests and films where there are such,
with check digits that are right, so that what looks for them finds them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from faultlab.content.draw import Draw
from faultlab.errors import UnknownName

__all__ = ["KINDS", "Personal", "PersonalPrompt", "prompt"]

_FIRST: Final = ("Amara", "Bjørn", "Chiara", "Dmitri", "Eleni", "Fatima", "Gustav", "Hana", "Ines", "Joseph", "Keiko")
_LAST: Final = (
    *("Abernathy", "Bergström", "Castellanos", "Dubois", "Eriksen", "Fitzgerald", "García", "Hoffmann", "Ivanova"),
    *("Jankowski", "Kowalczyk", "Lindqvist", "Moreau", "Nakamura", "O'Sullivan", "Petrov", "Quispe", "Rossi"),
)
_STREETS: Final = ("Chestnut Avenue", "Harbour Street", "Linden Road", "Mill Lane", "Orchard Close", "Station Road")
_CITIES: Final = (("Springfield", "IL", "62704"), ("Riverside", "CA", "92501"), ("Fairview", "TN", "37062"))
_DOMAINS: Final = ("example.com", "example.net", "example.org")
_CARDS: Final = (("424242", 16), ("555555", 16), ("400005", 16), ("378282", 15), ("601111", 16))
"""How numbers begin that payment services keep for tests, and how long they are."""

_BANKS: Final[Mapping[str, int]] = {"DE": 18, "AT": 16, "NL": 0, "ES": 20}
"""Country → digits of an account there; the Netherlands begin with letters."""

_SIGNS: Final[Mapping[str, int]] = {"phone": 10, "card": 16, "iban": 24, "ssn": 9}
"""Numbers that are written in other groups, too, and how many signs of their end tell them."""


@dataclass(frozen=True, slots=True)
class Personal:
    """One value, and what kind of data it is."""

    kind: str
    value: str

    def is_in(self, text: str) -> bool:
        """Whether a text holds it, as it was written, in other letters' size, or a number in other groups."""
        if self.value.casefold() in text.casefold():
            return True
        return self.kind in _SIGNS and _closed_up(self.value)[-_SIGNS[self.kind] :] in _closed_up(text)


def _closed_up(text: str) -> str:
    """Without what stands between the groups of a number."""
    return re.sub(r"(?<=\w)[ ().+-]+(?=\w)", "", text).casefold()


@dataclass(frozen=True, slots=True)
class PersonalPrompt:
    """What a user might write, and the personal data in it."""

    text: str
    personal: tuple[Personal, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The data alone."""
        return tuple(each.value for each in self.personal)

    def given_away_by(self, text: str) -> tuple[Personal, ...]:
        """What of it another text holds, such as a log: `assert not prompt.given_away_by(log)`."""
        return tuple(each for each in self.personal if each.is_in(text))


def prompt(kinds: Iterable[str], draw: Draw) -> PersonalPrompt:
    """A prompt with one value of each of these kinds. Raises UnknownName for a kind that is not there."""
    told: list[str] = []
    found: list[Personal] = []
    for number, kind in enumerate(kinds):
        if kind not in KINDS:
            raise UnknownName("kind of personal data", kind, KINDS)
        made, sentences = KINDS[kind]
        row = draw.fork(number, kind)
        found.append(Personal(kind, made(row)))
        told.append(row.choice(sentences).format(found[-1].value))
    return PersonalPrompt(" ".join([*told, draw.choice(_WISHES)]), tuple(found))


_WISHES: Final = (
    "Please draft a short letter that confirms this.",
    "Can you check whether my order has left yet?",
    "Write a reply that I can send to the insurance company.",
)


def _name(draw: Draw) -> str:
    return f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"


def _email(draw: Draw) -> str:
    first, last = (re.sub(r"[^a-z]", "", each.lower()) for each in _name(draw).split(" ", 1))
    return f"{first}.{last}{draw.between(1, 99)}@{draw.choice(_DOMAINS)}"


def _phone(draw: Draw) -> str:
    """Of the hundred numbers of each area that are kept for films, in one of the ways that people write them."""
    area, line = draw.choice(("212", "310", "415", "617", "702")), f"01{draw.digits(2)}"
    return draw.choice((f"+1 {area} 555 {line}", f"({area}) 555-{line}", f"{area}-555-{line}"))


def _address(draw: Draw) -> str:
    city, state, code = draw.choice(_CITIES)
    return f"{draw.between(1, 999)} {draw.choice(_STREETS)}, {city}, {state} {code}"


def _card(draw: Draw) -> str:
    begins, length = draw.choice(_CARDS)
    digits = begins + draw.digits(length - len(begins) - 1)
    number = digits + str(-_luhn(digits + "0") % 10)
    return draw.choice((number, " ".join(re.findall(r"\d{1,4}", number))))


def _luhn(digits: str) -> int:
    """The sum that a card's number has to make a multiple of ten."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(each // 10 + each % 10 for each in doubled)


def _iban(draw: Draw) -> str:
    country = draw.choice(tuple(_BANKS))
    account = draw.digits(_BANKS[country]) or f"TEST{draw.digits(10)}"
    number = f"{country}{98 - _mod_97(account + country + '00'):02}{account}"
    return draw.choice((number, " ".join(re.findall(r".{1,4}", number))))


def _mod_97(text: str) -> int:
    return int("".join(str(int(sign, 36)) for sign in text)) % 97


def _ssn(draw: Draw) -> str:
    area = draw.between(1, 665) if draw.happens(2, 3) else draw.between(667, 899)
    return f"{area:03}-{draw.between(1, 99):02}-{draw.between(1, 9999):04}"


def _birth(draw: Draw) -> str:
    return f"{draw.between(1940, 2005)}-{draw.between(1, 12):02}-{draw.between(1, 28):02}"


def _ip(draw: Draw) -> str:
    return f"{draw.choice(('192.0.2', '198.51.100', '203.0.113'))}.{draw.between(1, 254)}"


KINDS: Final[Mapping[str, tuple[Callable[[Draw], str], tuple[str, ...]]]] = {
    "name": (_name, ("My name is {}.", "I am writing for {}.", "This is {} again.")),
    "email": (_email, ("Write to me at {}.", "My address is {}.", "You reach me under {}.")),
    "phone": (_phone, ("Call {} in the evening.", "My number is {}.", "Please text {}.")),
    "address": (_address, ("I live at {}.", "Send it to {}.", "The flat is at {}.")),
    "card": (_card, ("I paid with card {}.", "Charge {}.", "The card number is {}.")),
    "iban": (_iban, ("Refund to {}.", "My IBAN is {}.", "Transfer it to {}.")),
    "ssn": (_ssn, ("My SSN is {}.", "Social security number: {}.")),
    "birth_date": (_birth, ("I was born on {}.", "Date of birth: {}.")),
    "ip_address": (_ip, ("It came from {}.", "My router shows {}.")),
}
"""Kind → how a value of it is made, and sentences that tell it."""
