"""A pass that asks a function whatever a list says, and a function to ask: small, quick, and with a mind of its own."""

from dataclasses import dataclass, replace

from faultlab.campaign import our_version
from faultlab.expectations import Expectation
from faultlab.results import About
from faultlab.subject import subject_of
from faultlab.trial import Standing, Trial
from faultlab.verdict import Place

VICTIM = """
import ctypes, os, re, signal, sys, time
from pathlib import Path

kept = []
NOTES = Path(__file__).parent

def ask(lab, user):
    if user.startswith("once "):  # the first time only, whoever plays
        note = NOTES / user.replace(" ", "-")
        if note.exists():
            return "hello"
        note.touch()
        user = user.removeprefix("once ")
    if user == "break":
        return "nonsense"
    if user == "exit":
        os._exit(3)
    if user == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if user == "hang":
        re.match("(a*)*b", "a" * 64)  # holds on to the interpreter
    if user == "sleep":
        ctypes.CDLL(None).sleep(1000)  # beyond the reach of virtual time
    if user == "flood":
        for _ in range(200):
            print("x" * 100_000)
            os.write(1, b"y" * 100_000)
            os.write(2, b"z" * 100_000)
    if user == "gulp":
        gulped = []
        while True:
            gulped.append(bytes(64 << 20))
    if user == "leak":
        kept.append(bytes(900 << 20))
    if user == "interrupt":
        raise KeyboardInterrupt
    if user == "linger":
        sum(range(1_000_000))
    return "hello"
"""

SCENARIO = "name: Asked\ntarget: {callable: 'victim:ask'}\nturns: [{user: hello}]\n"

PLACE = Place("tiny", 1)


@dataclass(frozen=True)
class Words:
    """Numbered words of a pass: each is what the user says in the trial with its number."""

    of: str
    start: int
    words: tuple[str, ...]

    @property
    def numbers(self):
        return range(self.start, self.start + len(self.words))

    def cut(self, numbers):
        first = numbers.start - self.start
        return Words(self.of, numbers.start, self.words[first : first + len(numbers)])

    def trials(self, subject):
        for number, word in zip(self.numbers, self.words, strict=True):
            turns = (replace(subject.healthy.turns[0], user=word),)
            expected = (Expectation("reply", "hello", PLACE, 1),)
            scenario = replace(subject.healthy, turns=turns, expectations=expected)
            yield Trial(self.of, number, scenario, (("word", word),))


@dataclass(frozen=True)
class Tiny:
    """Rounds of words. With `steered` each round's breaches, in order, become one more word of the next."""

    rounds_of: tuple[tuple[str, ...], ...]
    name: str = "tiny"
    steered: bool = False

    def rounds(self, subject):
        number, more = 0, ()
        for words in self.rounds_of:
            # Ranges come in any order, and need not be equally long.
            all_words = words + more
            half = len(all_words) // 3
            parts = Words(self.name, number, all_words[:half]), Words(self.name, number + half, all_words[half:])
            records = yield [part for part in reversed(parts) if part.words]
            number += len(all_words)
            if self.steered:
                broken = [str(record.number) for record in records if record.standing is Standing.BROKEN]
                more = ("after " + " ".join(broken),)
        return f"{number} words"

    def expected(self, subject):
        return sum(map(len, self.rounds_of))


def subject_in(folder):
    """The function in a folder of its own, as something to be tried."""
    folder.mkdir(exist_ok=True)
    (folder / "victim.py").write_text(VICTIM, "utf-8")
    (folder / "asked.yaml").write_text(SCENARIO, "utf-8")
    return subject_of(folder / "asked.yaml")


def about_of(subject, *passes):
    told = tuple((each.name, "") for each in passes)
    return About("asked.yaml", subject.digest, 0, told, our_version(), subject.findings)
