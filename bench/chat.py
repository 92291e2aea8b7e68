"""What people say in a live sale: sixty lines, three of them a buyer's, as a show really has them.

Written by hand for the measurements, so that the classifier, the ledger and the captures do the
work that a real chat gives them. It is no corpus: nothing is judged by it.
"""

from __future__ import annotations

import random

LINES = (
    "hi everyone 👋", "hello from Texas", "just got here, what did I miss?", "lol",
    "😂😂😂", "that color is gorgeous", "omg I love that one", "so pretty 😍",
    "how much is shipping to Germany?", "what size is that?", "is it real leather?",
    "do you have it in black?", "can you show the back please", "any flaws?",
    "what's the retail on those", "is there a box with it", "starting at a dollar? crazy",
    "wow that went fast", "congrats to whoever won", "I missed it again 😭",
    "someone tell her the mic is off", "sound is fine for me", "buffering on my end",
    "no way that was only 12 bucks", "my package came today, thank you!!",
    "when do you ship?", "do you combine shipping", "good morning from Manila",
    "¿cuánto cuesta el envío?", "¡qué bonito!", "wie groß ist die Jacke?", "schön 😊",
    "c'est trop beau", "quanto custa?", "ist das Echtleder?", "¿hay en talla L?",
    "how many are left?", "is this the same as last week", "I have that one, it runs small",
    "true to size for me", "run the next one 🔥", "let's gooo 🔥🔥", "W stream",
    "can't believe she sold that", "who is winning", "that was mine last week haha",
    "too rich for me", "I'd pay 20 for it maybe", "waiting for the vintage stuff",
    "what time do you go live tomorrow", "follow for follow?", "mods please remove that",
    "the blue one is nicer", "does it come with a charger",
    "would that fit a 6 year old", "brb dinner", "+1",
    "A12 mine", "I'll take the blue one in size M please", "sold! two of those for me",
)  # fmt: skip

PEOPLE = 700
"""Names in the chat; a tenth of them write half of it."""


def said(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Return who says what, the same for each side of a comparison."""
    chance = random.Random(seed)
    regulars = PEOPLE // 10
    return [
        (
            f"viewer_{chance.randrange(regulars if chance.random() < 0.5 else PEOPLE)}",
            chance.choice(LINES),
        )
        for _ in range(count)
    ]
