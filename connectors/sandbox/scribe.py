"""Writes an everyday ticket: an opening, a route (what the agent asks, what was wrong), a closing.

An opening never fixes what the matter is, the route does, so every opening of a problem goes with
each of its routes. What would happen after ``now`` is left out, so young tickets are open ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ..records import Priority, TicketStatus
from .datafiles import read
from .deck import Decks
from .details import roll
from .everyday import Plot
from .hours import at_work
from .people import Cast
from .thread import Thread
from .world import Agent, WorldTicket

#: How often the customer comes back when all is said, by mood; the others just fall silent.
CLOSES = {
    "plain": 0.62,
    "negative": 0.85,
    "positive": 1,
    "confused": 0.8,
    "anxious": 0.9,
    "mixed": 1,
}
#: Which closing words a mood chooses from, the likely one more than once.
CLOSING_MOODS = {
    "plain": ("plain", "plain", "plain", "plain", "plain", "plain", "grateful"),
    "negative": ("negative", "negative", "plain", "softened"),
    "positive": ("grateful", "delighted"),
    "confused": ("plain", "grateful", "confused"),
    "anxious": ("relieved", "relieved", "plain"),
    "mixed": ("mixed",),
}
PRIORITIES: dict[str, tuple[Priority | None, ...]] = {
    "calm": (Priority.NORMAL, Priority.NORMAL, Priority.NORMAL, Priority.LOW, None),
    "tense": (Priority.NORMAL, Priority.HIGH, Priority.HIGH, Priority.URGENT),
}
#: Shorter words than this, in letters, nobody puts a name under.
SIGNS_FROM = 60
TENSE = ("negative", "anxious", "mixed")
DESKS = {
    "Support": ("grace", "tomas", "leo"),
    "API": ("mei", "mei", "tomas"),
    "Billing": ("priya",),
    "Logistics": ("owen", "owen", "grace"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """``then``: the status the speaker leaves the ticket in."""

    speaker: str
    text: str
    then: TicketStatus | None = None
    public: bool = True


class Scribe:
    def __init__(self, cast: Cast, dice: Random, decks: Decks) -> None:
        self._cast = cast
        self._dice = dice
        self._decks = decks
        self._agents = {agent.key: agent for agent in cast.agents}
        self._companies = {company.key: company.name for company in cast.companies}
        self._voices: Mapping[str, Any] = read("voices")
        self._closings: Mapping[str, Any] = read("closings")

    def write(self, plot: Plot, key: str) -> WorldTicket:
        problem = plot.problem
        company = self._companies.get(plot.customer.company or "", "")
        slots = roll(plot.customer, company, self._dice)
        agent = self._agents[self._dice.choice(DESKS[problem["group"]])]
        slots["agent"] = agent.name.split()[0]
        channel = self._dice.choice(problem["channels"])
        thread = Thread(
            key=key,
            subject=self._deal(plot, "subjects").format_map(slots),
            customer=plot.customer.key,
            assignee=agent.key,
            created_at=plot.opens,
            channel=channel,
            group=problem["group"],
            priority=self._dice.choice(PRIORITIES["tense" if plot.mood in TENSE else "calm"]),
            tags=tuple(problem["tags"]),
        )
        script = [
            replace(line, text=line.text.format_map(slots).strip())
            for line in self._script(plot, agent, chat=channel == "chat")
        ]
        self._play(thread, script, plot, agent)
        return thread.finished(self._cast.now)

    def _script(self, plot: Plot, agent: Agent, *, chat: bool) -> Iterator[Line]:
        case, customer = plot.case, plot.customer.key
        opening = self._deal_number(plot, plot.words)
        words = case[plot.words][opening]
        yield Line(speaker=customer, text=words if chat else self._framed(words, plot.voice))
        if self._dice.random() < 0.1:
            note = self._decks.deal("notes", self._closings["notes"])
            yield Line(speaker=agent.key, text=note, public=False)

        answers = case.get("answers", {}).get(plot.words)
        fix = answers[opening] if answers else self._deal_number(plot, "fixes")
        sorry = plot.mood if plot.mood in TENSE else ""
        if "asks" in case:
            yield self._agent_line(agent, self._deal(plot, "asks"), chat=chat, sorry=sorry)
            # As many answers as solutions: then each answer leads to its own.
            paired = len(case["tells"]) == len(case["fixes"])
            told = case["tells"][fix] if paired else self._deal(plot, "tells")
            yield Line(speaker=customer, text=told if chat else self._signed(told, plot.voice))
            sorry = ""
        yield self._agent_line(
            agent, case["fixes"][fix], chat=chat, sorry=sorry, again="asks" in case
        )
        if self._dice.random() < 0.16 and plot.mood not in TENSE:
            more = self._decks.deal((plot.problem["name"], "further"), plot.problem["further"])
            yield Line(speaker=customer, text=more["asks"])
            yield self._agent_line(agent, more["answer"], chat=chat, again=True)
        yield from self._ending(plot, agent)

    def _ending(self, plot: Plot, agent: Agent) -> Iterator[Line]:
        if self._dice.random() >= CLOSES[plot.mood]:
            yield Line(speaker=agent.key, text="", then=TicketStatus.SOLVED)
            return
        kind = self._dice.choice(CLOSING_MOODS[plot.mood])
        if kind == "delighted" and plot.words != "positive":
            # Nobody jumps for joy over an answer to a dry question.
            kind = "grateful"
        if plot.voice == "terse":
            words = self._closings["terse"][kind]
        else:
            pools = self._closings["customer"][kind]
            words = pools["any"] + pools.get(plot.case.get("ends") or plot.problem["ends"], [])
        text = self._decks.deal(("closing", kind, len(words)), words)
        yield Line(speaker=plot.customer.key, text=text)
        reply = ""
        if kind in ("negative", "mixed", "confused") or self._dice.random() < 0.2:
            reply = self._decks.deal(("agent", kind), self._closings["agent"][kind])
        yield Line(speaker=agent.key, text=reply, then=TicketStatus.SOLVED)

    def _play(self, thread: Thread, script: list[Line], plot: Plot, agent: Agent) -> None:
        """Let the lines happen one after the other, as far as they have happened by now."""
        at, now = plot.opens, self._cast.now
        for number, line in enumerate(script):
            if number:
                at = self._later(at, line, plot, agent, chat=thread.channel == "chat")
            if at >= now:
                return
            if line.text:
                thread.says(
                    line.speaker,
                    line.text,
                    at,
                    is_agent=line.speaker == agent.key,
                    public=line.public,
                )
            if line.then:
                thread.sets(agent.key, at, status=line.then)
        self._rate(thread, plot, at)

    def _rate(self, thread: Thread, plot: Plot, at: datetime) -> None:
        if self._dice.random() >= 0.3:
            return
        odds = {"negative": 0.4, "mixed": 0.5, "positive": 0.99}.get(plot.mood, 0.93)
        good = self._dice.random() < odds
        pool = "good" if good else "bad"
        comment = None
        if self._dice.random() < 0.5:
            comment = self._decks.deal(("rating", pool), self._closings["ratings"][pool])
        rated = self._office(at + timedelta(hours=self._dice.uniform(1, 30)), plot)
        if rated < self._cast.now:
            thread.rates(rated, good=good, comment=comment)

    def _later(self, at: datetime, line: Line, plot: Plot, agent: Agent, *, chat: bool) -> datetime:
        """When the next line is said: minutes in a chat, else from minutes to a few days."""
        if chat and line.text:
            return at + timedelta(seconds=self._dice.randrange(25, 260))
        if line.speaker == agent.key and not line.text:
            return at + timedelta(hours=self._dice.uniform(0.2, 48))
        longest = 9.0 if line.speaker == agent.key else 40.0
        # Cubed: most answers come soon, few take the whole of it.
        wait = timedelta(minutes=4) + timedelta(hours=longest) * self._dice.random() ** 3
        return self._office((at + wait).replace(microsecond=0), plot)

    def _office(self, at: datetime, plot: Plot) -> datetime:
        return at_work(at, plot.customer.time_zone, self._dice).replace(microsecond=0)

    def _deal(self, plot: Plot, name: str) -> str:
        text: str = plot.case[name][self._deal_number(plot, name)]
        return text

    def _deal_number(self, plot: Plot, name: str) -> int:
        deck = (plot.problem["name"], plot.case["number"], name)
        number: int = self._decks.deal(deck, range(len(plot.case[name])))
        return number

    def _framed(self, text: str, voice: str) -> str:
        """The words with the greeting and the farewell of whoever writes them."""
        style = self._voices["customers"][voice]
        greeting = self._decks.deal(("greeting", voice), style["greetings"])
        return f"{greeting}{self._signed(text, voice)}"

    def _signed(self, text: str, voice: str) -> str:
        if len(text) < SIGNS_FROM:
            return text
        farewells: list[str] = self._voices["customers"][voice]["farewells"]
        return text + self._decks.deal(("farewell", voice), farewells)

    def _agent_line(
        self, agent: Agent, text: str, *, chat: bool, sorry: str = "", again: bool = False
    ) -> Line:
        style = self._voices["agents"][agent.key]
        if sorry:
            text = f"{self._decks.deal(('sorry', sorry), self._voices['sorry'][sorry])} {text}"
        if not chat and not (again and self._dice.random() < 0.5):
            text = f"{self._dice.choice(style['greetings'])}\n\n{text}"
            text += self._dice.choice(style["farewells"])
        return Line(speaker=agent.key, text=text, then=TicketStatus.PENDING)
