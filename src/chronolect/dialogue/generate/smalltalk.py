"""What people in the dialogues talk about where time is not the matter: their affairs, and the few words that answer them."""

from chronolect.dialogue.generate.record import Draw, Wordings, reply
from chronolect.dialogue.generate.wording import PEOPLE
from chronolect.dialogue.messages import Message

TOPICS = (  # noqa: SIM905 (a list of 60 strings reads worse)
    "bees,lighthouses,sourdough,old maps,chess endings,violin bows,moss,kites,tide pools,crosswords,clay ovens,bicycles,"
    "tea,garden snails,swallows,knots,radio plays,stained glass,beetles,canals,puppets,marbles,hot springs,wild garlic,"
    "bookbinding,ferns,trams,sundials,goats,origami,rivers,windmills,accordions,cheese,comets,lace,mushrooms,pottery,"
    "owls,bridges,sign language,weaving,harbours,volcanoes,folk songs,cacti,ink,tunnels,juggling,sea glass,wells,bamboo,"
    "shadow theatre,sled dogs,olive trees,mosaics,whistling,fog,quilts,barn doors"
).split(",")

_OPENED = Wordings(
    "smalltalk.opened",
    (
        "I have been reading about {topic}.",
        "Do you like {topic}? I do.",
        "My friend {name} talks of nothing but {topic}.",
        "I would like to learn more about {topic}.",
        "{name} gave me a book on {topic}.",
        "I am making notes on {topic}.",
        "{name} and I argued about {topic}.",
        "I dreamt of {topic}.",
        "There is a talk on {topic} in our library.",
        "My neighbour {name} collects pictures of {topic}.",
        "I cannot get enough of {topic}.",
    ),
    (
        "Guess what, {name} and I are both mad about {topic}.",
        "I want to write a short piece on {topic}.",
    ),
)
_ANSWERED = Wordings(
    "smalltalk.answered",
    (
        "A good subject, {topic}.",
        "I like to hear about {topic}.",
        "There is a lot to find in {topic}.",
        "What do you like best about {topic}?",
        "Tell me more about {topic}.",
        "I could talk about {topic} all day.",
        "Many people love {topic}.",
        "Ask me anything about {topic}.",
    ),
)
THANKS = Wordings(
    "smalltalk.thanks",
    (
        "Thank you.",
        "Thanks!",
        "Good, thank you.",
        "That helps.",
        "Fine, thanks.",
        "Great.",
        "Lovely.",
        "Perfect, thanks.",
    ),
    ("Much obliged.", "Cheers for that."),
)
WELCOME = Wordings(
    "smalltalk.welcome",
    ("You are welcome.", "Gladly.", "Any time.", "My pleasure.", "Glad to help.", "With pleasure."),
)


def small_talk(draw: Draw) -> tuple[str, Message, str]:
    """A user's words on some topic, the assistant's message that answers them, and the topic, which both name."""
    slots = {"topic": draw.rng.choice(TOPICS), "name": draw.rng.choice(PEOPLE)}
    return draw.say(_OPENED, **slots), reply(draw.say(_ANSWERED, **slots)), slots["topic"]
