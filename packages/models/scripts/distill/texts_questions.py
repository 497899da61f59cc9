"""Questions and short statements: our own patterns over names from the other texts."""

import random
import re

from texts import load, save, unique

ONE = """What is {a}?
What does {a} mean?
Which kind of thing is {a}?
Where is {a} found?
Who first described {a}?
When was {a} discovered?
How does {a} work?
Why is {a} important?
How many kinds of {a} are there?
What causes {a}?
What are the parts of {a}?
Is {a} common?
What is another name for {a}?
How is {a} measured?
Tell me about {a}.""".splitlines()

TWO = """How does {a} affect {b}?
What is the difference between {a} and {b}?
Is {a} related to {b}?
{a} and {b}
{a} in the presence of {b}
{a} has no effect on {b}.
{a} depends on {b}.
Which comes first, {a} or {b}?""".splitlines()


def names_of(source):
    texts = load(source)
    found = [t.split(": ")[0] for t in texts if re.match(r"[^:]{3,50}: .{20,}", t)] or texts
    found = [name.split(", ")[0] for name in found if len(name) < 60]
    return random.sample(found, min(len(found), 6000 if source == "wordnet" else 1500))


def main():
    random.seed(17)
    names = []
    for source in ["wordnet", "go", "mondo", "anat", "genes"]:
        names += names_of(source)
    texts = []
    for name in names:
        if random.random() < 0.6:
            texts.append(random.choice(ONE).format(a=name))
        else:
            texts.append(random.choice(TWO).format(a=name, b=random.choice(names)))
    save("questions", unique(texts))


if __name__ == "__main__":
    main()
