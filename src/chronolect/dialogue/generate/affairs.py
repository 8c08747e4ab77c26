"""What people go away for, what changes while nobody looks, what they wait for: each with its own time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Errand:
    """What somebody goes away for.

    Attributes:
        going: As it is said on leaving.
        asked: What is asked afterwards.
    """

    going: str
    asked: str


@dataclass(frozen=True)
class Process:
    """Something that is one thing early on and another later.

    Attributes:
        begun: As it is said at the beginning.
        name: What it is called then.
        minutes: When it has turned, roughly: nothing is asked from half of this up to twice as long.
        early: What it is before, as a short word; `late` afterwards.
        late: See `early`.
    """

    begun: str
    name: str
    minutes: int
    early: str
    late: str


ERRANDS = tuple(
    Errand(going, asked)
    for going, asked in (
        ("my violin lesson", "How was the lesson?"),
        ("the dentist", "How was it at the dentist?"),
        ("the market", "What did you find at the market?"),
        ("the park", "How was the park?"),
        ("choir practice", "How did you all sing?"),
        ("the factory for the night shift", "How was the shift?"),
        ("a chess match", "How did the match go?"),
        ("the allotment", "How does the allotment look?"),
        ("my driving test", "How did the test go?"),
        ("the ferry", "How was the crossing?"),
        ("the lake to fish", "Did you catch anything?"),
        ("my grandmother's house", "How is your grandmother?"),
        ("the swimming pool", "How was the swim?"),
        ("a job interview", "How did the interview go?"),
        ("the barber", "Do you like the haircut?"),
        ("the laboratory", "How did the experiment go?"),
        ("a rehearsal", "How was the rehearsal?"),
        ("the mosque", "How was it at the mosque?"),
        ("the temple", "How was it at the temple?"),
        ("the vegetable fields", "How do the fields look?"),
        ("a football match", "How did the match end?"),
        ("the workshop", "What did you make?"),
        ("the post office", "Was there a long queue?"),
        ("an oral exam", "How did the exam go?"),
        ("the mountain hut", "How was it in the hut?"),
        ("a wedding", "How was the wedding?"),
        ("the harbour", "Were there many boats?"),
        ("the library", "Which book did you get?"),
        ("a dance class", "How was the class?"),
        ("the vet with my cat", "How is the cat?"),
    )
)

PROCESSES = tuple(
    Process(begun, name, minutes, early, late)
    for begun, name, minutes, early, late in (
        ("I have just poured a cup of tea", "my tea", 40, "hot", "cold"),
        ("I have just made coffee", "my coffee", 40, "hot", "cold"),
        ("The soup is on the table", "the soup", 40, "hot", "cold"),
        ("I took the bread out of the oven", "the bread", 90, "warm", "cool"),
        ("The bath is full of warm water", "the bath", 90, "warm", "cold"),
        ("I have just ironed a shirt", "the shirt", 30, "warm", "cool"),
        ("I left a scoop of ice cream on the table", "the ice cream", 20, "frozen", "melted"),
        ("I put an ice cube into a glass of water", "the ice cube", 40, "there", "melted"),
        ("I left the butter out of the fridge", "the butter", 60, "hard", "soft"),
        ("I took a loaf out of the freezer", "the loaf", 180, "frozen", "thawed"),
        ("I put a bottle of lemonade into the fridge", "the lemonade", 120, "warm", "cool"),
        ("I set the yeast dough to rise", "the dough", 60, "flat", "risen"),
        ("I painted the door", "the paint", 360, "wet", "dry"),
        ("I hung the washing in the sun", "the washing", 240, "wet", "dry"),
        ("I washed my woollen hat", "my hat", 120, "wet", "dry"),
        ("I glued the cup together", "the glue", 240, "wet", "dry"),
        ("I varnished the violin", "the varnish", 1440, "wet", "dry"),
        ("I mopped the floor", "the floor", 40, "wet", "dry"),
        ("I poured concrete for the step", "the concrete", 2880, "soft", "hard"),
        ("I put jelly into the fridge", "the jelly", 240, "liquid", "set"),
        ("I lit a birthday candle", "the candle", 15, "burning", "burnt out"),
        ("I lit a sparkler", "the sparkler", 2, "burning", "burnt out"),
        ("I put a log on the fire", "the log", 90, "burning", "burnt out"),
        ("I picked a ripe strawberry", "the strawberry", 5760, "fresh", "spoiled"),
        ("I bought fresh milk", "the milk", 14400, "fresh", "sour"),
        ("I put a bunch of flowers into a vase", "the bunch of flowers", 14400, "fresh", "wilted"),
        ("I bought a green banana", "the banana", 8640, "green", "yellow"),
        ("I sowed cress on wet cotton", "the cress", 5760, "bare", "sprouted"),
        ("I put a bowl of beans to soak", "the bowl of beans", 480, "hard", "soft"),
        ("I plugged in my empty telephone", "the telephone", 120, "charging", "full"),
    )
)


@dataclass(frozen=True)
class Timer:
    """Something that is done after a while.

    Attributes:
        begun: As it is said at the beginning.
        key: The word that must be said when it is done.
        done: What is said then.
        minutes: Shortest and longest time that it takes.
    """

    begun: str
    key: str
    done: str
    minutes: tuple[int, int]


@dataclass(frozen=True)
class Task:
    """Something to be reminded of.

    Attributes:
        deed: As it stands behind "to".
        key: The word of it that a reminder must say.
    """

    deed: str
    key: str


TIMERS = tuple(
    Timer(begun, key, done, (low, high))
    for begun, key, done, low, high in (
        ("The eggs are in the water", "eggs", "The eggs are ready.", 4, 10),
        ("My tea is drawing", "tea", "Your tea is ready.", 4, 9),
        ("There is a pizza in the oven", "pizza", "The pizza is ready.", 10, 20),
        ("I put the rice on", "rice", "The rice is ready.", 12, 35),
        ("The bread is in the oven", "bread", "The bread is ready.", 30, 55),
        ("I put a face mask on", "mask", "You can take the mask off.", 10, 25),
        ("I am lying down for a nap", "nap", "Wake up, your nap is over.", 15, 50),
        ("The potatoes are on the stove", "potatoes", "The potatoes are ready.", 15, 30),
        ("The dye is in my hair", "dye", "Wash out the dye now.", 20, 45),
        ("My break begins now", "break", "Your break is over.", 5, 30),
        ("The students have begun to write", "students", "Time is up for the students.", 20, 55),
        ("I put the parking disc in the car", "parking", "Your parking time is over.", 20, 55),
        ("The dumplings are steaming", "dumplings", "The dumplings are ready.", 8, 20),
        ("I put ice on my knee", "ice", "Take the ice off your knee.", 8, 20),
        ("The washing machine is running", "washing", "The washing is done.", 30, 55),
        ("The sauna is warming me up", "sauna", "Time to leave the sauna.", 8, 15),
        ("I let the dough rest", "dough", "The dough has rested.", 20, 55),
        ("The gel is in the developer", "gel", "Take the gel out of the developer.", 5, 40),
        ("The debate begins, first speaker", "speaker", "The first speaker must stop now.", 4, 12),
        ("I am on the treadmill", "treadmill", "You can leave the treadmill.", 10, 45),
        ("The lentils are cooking", "lentils", "The lentils are ready.", 15, 40),
        ("The plaster is setting", "plaster", "The plaster has set.", 15, 50),
        ("My son is practising the cello", "cello", "That is enough of the cello.", 15, 45),
        ("The film is in the fixing bath", "film", "Take the film out of the bath.", 4, 10),
    )
)

TASKS = tuple(
    Task(deed, key)
    for deed, key in (
        ("call the plumber", "plumber"),
        ("water the plants", "plants"),
        ("feed the hens", "hens"),
        ("fetch the children", "children"),
        ("take the bins out", "bins"),
        ("write to my aunt", "aunt"),
        ("close the windows", "windows"),
        ("turn off the heater", "heater"),
        ("join the meeting", "meeting"),
        ("walk the dog", "dog"),
        ("pay the gardener", "gardener"),
        ("buy stamps", "stamps"),
        ("charge the bicycle", "bicycle"),
        ("leave for the station", "station"),
        ("stir the compost", "compost"),
        ("check the boiler", "boiler"),
        ("send the parcel", "parcel"),
        ("bring in the washing", "washing"),
        ("read to my daughter", "daughter"),
        ("light the stove", "stove"),
        ("order the timber", "timber"),
        ("start the broadcast", "broadcast"),
        ("move the sprinkler", "sprinkler"),
        ("ring the bell", "bell"),
        ("change the bandage", "bandage"),
        ("lock the gate", "gate"),
        ("print the tickets", "tickets"),
        ("milk the goats", "goats"),
        ("measure the tide", "tide"),
        ("empty the trap", "trap"),
    )
)

HABITS = tuple(
    Task(deed, key)
    for deed, key in (
        ("take my tablet", "tablet"),
        ("use my eye drops", "drops"),
        ("do my stretches", "stretches"),
        ("write my diary", "diary"),
        ("test my blood sugar", "sugar"),
        ("feed the fish", "fish"),
        ("read the rain gauge", "gauge"),
        ("learn ten words", "words"),
        ("wind the clock", "clock"),
        ("air the bedroom", "bedroom"),
        ("turn the eggs", "eggs"),
        ("practise the flute", "flute"),
        ("check the incubator", "incubator"),
        ("take my vitamins", "vitamins"),
        ("log the sunrise", "sunrise"),
        ("call my father", "father"),
    )
)
