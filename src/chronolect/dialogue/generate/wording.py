"""The people, deeds and things that dialogues are about: what may change without changing an answer."""

import random
from datetime import datetime

from chronolect.dialogue.generate.moments import clock_words, date_words


def _each(listed: str) -> tuple[str, ...]:
    return tuple(listed.split(","))


PEOPLE = _each(
    "Adaeze,Agnes,Aiko,Akua,Anders,Anjali,Arash,Beatriz,Bilal,Bohdan,Chiara,Dalia,Dawit,Diego,Edda,Eero,Esi,Fatima,"
    "Femke,Gabor,Gwen,Halima,Henrik,Hoa,Ibrahim,Ilse,Imani,Jakob,Joana,Jonas,Kamila,Keiko,Kwame,Laila,Lars,Lena,Lucia,"
    "Mahmud,Marta,Mei,Milan,Mira,Nikos,Niamh,Nuria,Olga,Omar,Otto,Paulo,Pilar,Radek,Rania,Ravi,Ruth,Sanna,Selim,Sofia,"
    "Tariq,Tomas,Uma,Vera,Viktor,Wei,Yara,Yuki,Zanele,Zofia"
)

DEEDS = _each(
    "planted the beans,sent the parcel,sowed the carrots,fed the sourdough,painted the gate,watered the ferns,"
    "changed the oil,signed the lease,repotted the fig tree,cleaned the chimney,sharpened the knives,met the notary,"
    "bottled the cider,salted the cabbage,oiled the hinges,posted the letter,swapped the tyres,charged the battery,"
    "replaced the filter,started the course,stopped smoking,moved house,had the cast removed,adopted the cat,"
    "sheared the sheep,set the eggs to hatch,planted the apple tree,opened the shop,retuned the piano,waxed the skis,"
    "fixed the roof,paid the rent,renewed the passport,tested the alarm,descaled the kettle,donated blood,"
    "called the landlord,booked the ferry,varnished the boat,weeded the path,read the meter,emptied the rain barrel,"
    "mixed the plaster,cast the bell,laid the foundation,began the translation,finished the quilt,glazed the bowls,"
    "saw the dentist,hung the curtains,cut the hedge,mended the net,rewired the lamp,harvested the garlic,"
    "froze the berries,lit the kiln,put the cheese in the cellar,shipped the violin,buried the cable,trained the puppy"
)

DUTIES = _each(
    "the tax form,the grant proposal,the library books,the rental car,the essay,the lab report,the visa papers,"
    "the entry for the photo contest,the insurance claim,the application for the flat,the translation,the tender,"
    "the invoice,the lesson plan,the vote by post,the menu for the wedding,the loan payment,the safety checklist,"
    "the proofs of the book,the order of seeds,the parking permit,the registration of the boat,the survey,the costume,"
    "the water bill,the abstract for the congress,the licence renewal,the recording of the song,the chess entry fee,"
    "the school form,the warranty claim,the deposit for the hall,the complaint to the airline,the blood sample,"
    "the stage design,the bid at the auction,the recipe for the contest,the scholarship letter,the map of the trail,"
    "the questions for the quiz"
)

EVENTS = _each(
    "the choir rehearsal,the eye test,the village fair,the job interview,the night ferry,the pottery class,"
    "the school play,the board meeting,the swimming gala,the tango evening,the book club,the harvest supper,"
    "the driving test,the opening of the exhibition,the fire drill,the chess final,the guided walk,the wedding,"
    "the auction,the half marathon,the concert,the parents' evening,the sailing lesson,the film premiere,"
    "the beekeepers' meeting,the naming ceremony,the train to the coast,the vaccination,the puppet show,the open day"
)


def full_date(moment: datetime, rng: random.Random) -> str:
    """The day in one of the usual forms: "5 March 2024", "March 5, 2024" or "2024-03-05"."""
    form = rng.randrange(3)
    if form == 0:
        return date_words(moment)
    return f"{moment:%B} {moment.day}, {moment.year}" if form == 1 else f"{moment:%Y-%m-%d}"


def full_moment(moment: datetime, rng: random.Random) -> str:
    """The day and the time of day: "5 March 2024 at 10:30"."""
    return f"{full_date(moment, rng)} at {clock_words(moment)}"
