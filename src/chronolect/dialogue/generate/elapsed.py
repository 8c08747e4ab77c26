"""Phase 1, lengths of time: how long ago something was, how long it is between two moments, how old somebody is."""

from datetime import datetime

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.moments import clock_words, random_moment, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.spans import SCALES, later_by, length_between
from chronolect.dialogue.generate.wording import DEEDS, PEOPLE, full_date, full_moment
from chronolect.dialogue.messages import user_turn

_AGO = Wordings(
    "elapsed.ago",
    (
        "I {deed} on {when}. How long ago was that?",
        "How much time has passed since I {deed} on {when}?",
        "My notes say that I {deed} on {when}. How long has it been by now?",
        "{name} {deed} on {when}. How long ago is that?",
        "Do you know how long it is since {name} {deed}? It was on {when}.",
        "On {when} we {deed}. How long is it from then to now?",
        "I am filling in the log: {deed} on {when}. How long ago, please?",
        "We {deed} on {when}, if I am not mistaken. How long is that ago?",
        "It was {when} when I {deed}. What is the time since then?",
        "Please count for me: {name} {deed} on {when}. How long ago was this?",
    ),
    (
        "The last time that I {deed} was on {when}. What does that make it until now?",
        "{name} says: {deed} on {when}. Tell me the time that has gone by since.",
        "Between {when}, when we {deed}, and this moment, how much time lies there?",
    ),
)
_AGO_TODAY = Wordings(
    "elapsed.today",
    (
        "I {deed} at {clock} today. How long ago was that?",
        "How much time has passed since I {deed} at {clock} today?",
        "{name} {deed} at {clock} this day. How long has it been by now?",
        "Today at {clock} I {deed}. How long is that ago?",
        "We {deed} today, at {clock}. How long is it from then to now?",
        "My notes say: {deed}, today at {clock}. How long ago, please?",
        "It was {clock} today when {name} {deed}. What is the time since then?",
        "Please count for me: {deed} at {clock} today. How long ago was this?",
    ),
    (
        "At {clock} today {name} {deed}; tell me the time that has gone by since.",
        "The clock said {clock} today when we {deed}. What does that make it until now?",
    ),
)
_BETWEEN = Wordings(
    "elapsed.between",
    (
        "How long is it from {first} to {second}?",
        "{name} {deed} on {first} and came back on {second}. How long was that in between?",
        "What is the time between {first} and {second}?",
        "The job began on {first} and ended on {second}. How long did it take?",
        "From {first} until {second}: how long is that?",
        "We were away from {first} to {second}. How long were we gone?",
        "The loan ran from {first} to {second}. How long was it?",
        "I {deed} on {first} and again on {second}. How long was it between the two?",
    ),
    (
        "Start {first}, end {second}. What length of time is this?",
        "{name} left on {first} and returned on {second}; say how long the journey was.",
    ),
)
_COUNTING = Wordings(
    "elapsed.counting",
    (
        "Let me count.",
        "Let me work it out.",
        "I will count it for you.",
        "That can be counted.",
        "One moment.",
        "Here is the count.",
        "Good question.",
        "Let me see.",
    ),
)
_WAS_AGO = Wordings(
    "elapsed.answered",
    (
        "That was {length} ago.",
        "It has been {length}.",
        "{Length} have passed since then.",
        "That makes {length} until now.",
        "So it was {length} ago.",
        "It is {length} ago.",
        "The time since then is {length}.",
        "By now it has been {length}.",
    ),
)
_WAS_BETWEEN = Wordings(
    "elapsed.between answered",
    (
        "It is {length}.",
        "That makes {length}.",
        "So it was {length}.",
        "The time between them is {length}.",
        "In all it was {length}.",
        "That is {length}.",
        "The answer is {length}.",
        "It comes to {length}.",
    ),
)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def elapsed(draw: Draw) -> Dialogue:
    """How long ago something was, by the tag; or how long it is between two moments in the words."""
    rng = draw.rng
    scale = rng.choice(SCALES)
    earlier = random_moment(rng, hours=(6, 21))
    earlier = earlier.replace(day=min(earlier.day, 28))
    later = later_by(rng, earlier, scale)
    name, deed = rng.choice(PEOPLE), rng.choice(DEEDS)
    length = length_between(earlier, later)
    if rng.random() < 0.3:
        now = random_moment(rng)
        say = full_moment if scale in ("minutes", "hours") else full_date
        question = draw.say(_BETWEEN, first=say(earlier, rng), second=say(later, rng), name=name, deed=deed)
        answered = _WAS_BETWEEN
    else:
        now = later
        if earlier.date() == later.date():
            question = draw.say(_AGO_TODAY, clock=clock_words(earlier), name=name, deed=deed)
        else:
            question = draw.say(_AGO, when=full_date(earlier, rng), name=name, deed=deed)
        answered = _WAS_AGO
    steps = f"From {_minute(earlier)} to {_minute(later)}. {length.steps}"
    if scale not in ("minutes", "hours"):
        steps = f"From {earlier:%Y-%m-%d} to {later:%Y-%m-%d}. {length.steps}"
    words = length.words
    answer = draw.say(answered, length=words, Length=words[0].upper() + words[1:])
    return Dialogue(
        [user_turn(stamp(now), question), reply(draw.say(_COUNTING), thought(steps), answer)],
        "elapsed",
        1,
        Check(duration_s=length.seconds),
        tuple(draw.used),
        {"from": stamp(earlier), "to": stamp(later), "seconds": length.seconds, "scale": scale},
    )


_HOW_OLD = Wordings(
    "age.asked",
    (
        "{name} was born on {born}. How old is {name} today?",
        "How old is {name} now? Born on {born}.",
        "The form asks for the age of {name}, born on {born}. What do I write?",
        "My neighbour {name} was born on {born}. What age is that today?",
        "{born} is the day on which {name} was born. How old would that be now?",
        "I was born on {born}. How old am I today?",
        "What is the age of somebody born on {born}?",
        "Our pianist {name}, born on {born}: how many years old today?",
    ),
    (
        "Count the birthdays for me: {name}, born on {born}. What age?",
        "With {born} as the day of birth, what is {name}'s age?",
    ),
)
_IS_OLD = Wordings(
    "age.answered",
    (
        "The age is {age} years.",
        "That makes {age} years.",
        "That is an age of {age} years.",
        "Today it is {age} years.",
        "The answer is {age} years.",
        "So it is {age} years.",
    ),
)


def age(draw: Draw) -> Dialogue:
    """How old somebody is on the day of the tag: the difference of the years, less one before the birthday."""
    rng = draw.rng
    now = random_moment(rng)
    born = random_moment(rng, years=(now.year - 70, now.year - 3))
    born = born.replace(day=min(born.day, 28))
    years = now.year - born.year
    had = (now.month, now.day) >= (born.month, born.day)
    old = years if had else years - 1
    if now.month != born.month:
        order = f"Month {now.month} is {'after' if had else 'before'} month {born.month}"
    else:
        order = f"Same month, day {now.day} is {'not before' if had else 'before'} day {born.day}"
    end = f"{old} years." if had else f"{years} - 1 = {old} years."
    return Dialogue(
        [
            user_turn(stamp(now), draw.say(_HOW_OLD, name=rng.choice(PEOPLE), born=full_date(born, rng))),
            reply(
                draw.say(_COUNTING),
                thought(f"From {born:%Y-%m-%d} to {now:%Y-%m-%d}. {now.year} - {born.year} = {years}. {order}. {end}"),
                draw.say(_IS_OLD, age=old),
            ),
        ],
        "age",
        1,
        Check(says=[[f"{old} years"]]),
        tuple(draw.used),
        {"born": f"{born:%Y-%m-%d}", "age": old},
    )


MAKERS: dict[str, Maker] = {"elapsed": elapsed, "age": age}
