"""What is held out of training, and the measures on it. Choices were made on these, not on evaluation sets."""

import re

import numpy as np

TEXTS = 4000
PAIRS = 4000


def hold_out(names, parts, glossaries):
    """Random texts, random (name, definition) pairs, and the rows that are left for training.

    A row is not left when it holds a definition of one of the pairs, with or without its name.
    """
    random = np.random.default_rng(3)
    texts = [text for part in parts for text in part]
    source = np.repeat(np.arange(len(names)), [len(part) for part in parts])
    held = random.choice(len(texts), TEXTS, replace=False)
    wanted = [i for i, name in enumerate(names) if name in glossaries]
    entries = [
        row for row in np.flatnonzero(np.isin(source, wanted)) if re.match(r"[^:]{3,60}: .{40,}", texts[row])
    ]
    picked = random.choice(entries, PAIRS, replace=False)
    pairs = [tuple(texts[row].split(": ", 1)) for row in picked]
    definitions = {definition for _, definition in pairs}
    banned = set(held.tolist()) | set(picked.tolist())
    rows = [
        row
        for row, text in enumerate(texts)
        if row not in banned and text not in definitions and text.split(": ", 1)[-1] not in definitions
    ]
    return held, np.array(rows), pairs


def agreement(own, teacher, count=10):
    """Share of the teacher's nearest neighbours among the held-out texts that the student finds."""
    found = []
    for vectors in (own, teacher):
        cosines = vectors @ vectors.T
        np.fill_diagonal(cosines, -9)
        found.append(np.argpartition(-cosines, count, axis=1)[:, :count])
    return np.mean([len(np.intersect1d(a, b)) / count for a, b in zip(*found)])


class Pairs:
    """Retrieval of definitions by name."""

    def __init__(self, pairs, tokenizer, make):
        def ids(strings):
            return make([encoding.ids or [100] for encoding in tokenizer.encode_batch(strings, add_special_tokens=False)])

        self.names = ids([name for name, _ in pairs])
        self.definitions = ids([definition for _, definition in pairs])

    def rank(self, table):
        """Mean reciprocal rank of the right definition, cut at 10."""
        cosines = self.names.embed(table) @ self.definitions.embed(table).T
        ranks = (cosines > np.diag(cosines)[:, None]).sum(axis=1) + 1
        return float((1 / ranks * (ranks <= 10)).mean())
