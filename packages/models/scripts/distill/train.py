"""Trains the table of token vectors and packs it.

    python train.py [output file]

A text's vector is the normalised weighted mean of its tokens' rows; the loss is one minus its cosine to the teacher's
vector, projected to DIMENSIONS and half whitened. Adam touches only the rows of the batch. No framework: numpy, and sparse
products with the averaging matrix of the batch.
"""

import glob
import hashlib
import json
import os
import sys
import time

import numpy as np
import scipy.sparse

from heldout import Pairs, agreement, hold_out
from pack import pack
from teacher import tokenizer, vocabulary
from texts import load, path

DIMENSIONS = 384
# Share of the whitening, of the teacher before training and of the student after it: 0 leaves directions as long
# as they are, 1 makes them equally long.
WHITEN = 0.5
# Directions in which the teacher hardly varies are noise: they count as if they varied this much of the mean.
FLOOR = 0.02
SIF = 1e-3
REPEATS = 0.75
EPOCHS = 12
BATCH = 512
RATE = 1e-2
LAST_RATE = 0.05
SEED = 20
# Padding and the marks around a text carry no meaning when they stand in a text.
SILENT = [0, 101, 102, 103]


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


class Texts:
    """Distinct tokens of many texts with their weights, flat.

    A token that occurs n times in a text weighs n to the power of REPEATS: the tenth occurrence says less than
    the first.
    """

    def __init__(self, ids):
        found = [np.unique(np.asarray(i, np.int32), return_counts=True) for i in ids]
        self.lengths = np.array([len(tokens) for tokens, _ in found])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self.flat = np.concatenate([tokens for tokens, _ in found])
        self.counts = np.concatenate([counts for _, counts in found])
        self.weights = (self.counts**REPEATS).astype(np.float32)

    def batch(self, rows):
        """The distinct tokens of some texts, and the matrix that averages over them."""
        lengths = self.lengths[rows]
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        where = np.arange(bounds[-1]) + np.repeat(self.starts[rows] - bounds[:-1], lengths)
        tokens, columns = np.unique(self.flat[where], return_inverse=True)
        weights = self.weights[where]
        weights = weights / np.repeat(np.add.reduceat(weights, bounds[:-1]), lengths)
        shape = (len(rows), len(tokens))
        return tokens, scipy.sparse.csr_matrix((weights, columns.astype(np.int32), bounds), shape=shape)

    def embed(self, table, rows=None):
        rows = np.arange(len(self.lengths)) if rows is None else rows
        out = np.empty((len(rows), table.shape[1]), np.float32)
        for at in range(0, len(rows), 2048):
            tokens, mean = self.batch(rows[at : at + 2048])
            out[at : at + 2048] = mean @ table[tokens]
        return unit(out)


def gradient(sums, targets):
    """Of the loss with respect to the sums before normalisation, scaled to the size that Adam's epsilon expects."""
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    vectors = sums / lengths
    pull = -targets
    return (pull - (pull * vectors).sum(axis=1, keepdims=True) * vectors) / lengths / len(sums) * 100


def train(table, texts, targets, rows, report):
    random = np.random.default_rng(SEED)
    table = table.copy()
    first, second = np.zeros_like(table), np.zeros_like(table)
    steps = np.zeros(len(table), np.int32)
    total, step = EPOCHS * (len(rows) // BATCH), 0
    for epoch in range(EPOCHS):
        order = random.permutation(rows)
        for at in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[at : at + BATCH]
            tokens, mean = texts.batch(batch)
            old = table[tokens]
            slope = mean.T @ gradient(mean @ old, targets[batch])
            steps[tokens] += 1
            age = steps[tokens][:, None]
            first[tokens] = momentum = 0.9 * first[tokens] + 0.1 * slope
            second[tokens] = energy = 0.99 * second[tokens] + 0.01 * slope * slope
            rate = RATE * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + np.cos(np.pi * step / total)))
            table[tokens] = old - rate * (momentum / (1 - 0.9**age)) / (np.sqrt(energy / (1 - 0.99**age)) + 1e-8)
            step += 1
        report(table, f"epoch {epoch + 1}")
    return table


def whitening(vectors, floor, share=WHITEN):
    """The matrix of leading directions, each shortened by its second moment to the power of share / 2."""
    moments, directions = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    moments, directions = moments[::-1], directions[:, ::-1]
    return directions * np.maximum(moments, floor * moments[:256].mean()) ** (-share / 2)


def whiten(table, texts, share=WHITEN):
    """Half whitens what the student says of a sample of the texts, and sorts dimensions by how much they say."""
    sample = np.random.default_rng(0).choice(len(texts.lengths), min(60000, len(texts.lengths)), replace=False)
    return (table @ whitening(texts.embed(table, sample).astype(np.float64), 1e-3, share)).astype(np.float32)


def start(texts, projection):
    """Each piece's own sentence vector, projected, with its smooth inverse frequency as length (Arora et al. 2017)."""
    pieces = unit(np.load(path("vectors", "pieces.npy")) @ projection)
    counts = np.bincount(texts.flat, texts.counts, minlength=len(pieces)) + 1.0
    return (pieces * (SIF / (SIF + counts / counts.sum()))[:, None]).astype(np.float32)


def without_overlap(texts, rows):
    """Drops the texts whose hash says that they share ten words in a row with an evaluation set."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "excluded.json")) as file:
        excluded = set(json.load(file))
    return np.array([row for row in rows if hashlib.sha256(texts[row].encode()).hexdigest()[:12] not in excluded])


def read_notice():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "notice.txt")) as file:
        return file.read().strip()


class Data:
    """Texts, their teacher's vectors, and what is held out."""

    def __init__(self):
        self.names = sorted(os.path.basename(file)[:-5] for file in glob.glob(path("texts", "*.json")))
        parts = [load(name) for name in self.names]
        strings = [text for part in parts for text in part]
        self.source = np.repeat(self.names, [len(part) for part in parts])
        vectors = [np.load(path("vectors", f"{name}.npy")) for name in self.names]
        self.teacher = np.concatenate(vectors).astype(np.float32)
        self.cut = tokenizer(254)
        self.texts = Texts([e.ids or [100] for e in self.cut.encode_batch(strings, add_special_tokens=False)])
        print(len(strings), "texts,", self.texts.counts.sum(), "tokens", flush=True)
        glossaries = [name for name in self.names if name in ("anat", "chebi", "go", "mondo", "wordnet")]
        self.held, rows, pairs = hold_out(self.names, parts, glossaries)
        self.rows = without_overlap(strings, rows)
        self.pairs = Pairs(pairs, tokenizer(), Texts)


def distill(data, rows=None, before=WHITEN, after=WHITEN, trained=True):
    """The table trained on some rows of the data, or only its start; whitened before and after training."""
    projection = whitening(data.teacher, FLOOR, before)[:, :DIMENSIONS].astype(np.float32)
    targets = unit(data.teacher @ projection)
    began = time.time()

    def report(table, label):
        own = data.texts.embed(table, data.held)
        cosine = (own * targets[data.held]).sum(axis=1).mean()
        near = agreement(own, data.teacher[data.held])
        figures = f"cosine {cosine:.4f}, neighbours {near:.4f}, definitions {data.pairs.rank(table):.4f}"
        print(f"{label}: {figures}, {time.time() - began:.0f} s", flush=True)

    table = start(data.texts, projection)
    report(table, "start")
    if trained:
        table = train(table, data.texts, targets, data.rows if rows is None else rows, report)
    table[SILENT] = 0
    return whiten(table, data.texts, after)


def main(output):
    data = Data()
    table = distill(data)
    np.save(path("table.npy"), table)
    packed = pack(table, vocabulary(), data.cut, read_notice())
    with open(output, "wb") as file:
        file.write(packed)
    print(output, len(packed), "bytes")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else path("static-en-384.bin"))
