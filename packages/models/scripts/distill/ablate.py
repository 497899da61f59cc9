"""Writes tables made otherwise than the one that ships, each named for what is different, for `bench quality`.

    python ablate.py FOLDER
    pnpm bench quality --parts static --tables FOLDER
"""

import os
import sys

import numpy as np

from pack import pack
from teacher import vocabulary
from texts import path
from train import SIF, Data, distill, read_notice, unit

TERMS = ("anat", "bioreg", "chebi", "genes", "go", "icd", "mondo")
WORDS = ("questions", "wordnet")


def main(folder):
    data = Data()
    shipped = np.load(path("table.npy"))

    def write(name, table):
        with open(os.path.join(folder, f"{name}.bin"), "wb") as file:
            file.write(pack(table, vocabulary(), data.cut, read_notice()))

    def trained_on(chosen):
        return distill(data, data.rows[np.isin(data.source[data.rows], chosen)])

    os.makedirs(folder, exist_ok=True)
    counts = np.bincount(data.texts.flat, data.texts.counts, minlength=len(shipped)) + 1.0
    write("weights - all alike", unit(shipped))
    write("weights - smooth inverse frequency", unit(shipped) * (SIF / (SIF + counts / counts.sum()))[:, None])
    write("objective - none (start alone)", distill(data, trained=False))
    write("objective - cosine without whitening", distill(data, before=0, after=0))
    write("objective - half whitened before training only", distill(data, after=0))
    write("texts - WordNet alone", trained_on(WORDS))
    write("texts - terms alone", trained_on(TERMS))
    write("texts - documentation alone", trained_on([n for n in data.names if n not in TERMS + WORDS]))


if __name__ == "__main__":
    main(sys.argv[1])
