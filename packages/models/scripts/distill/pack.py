"""Packs a table of token vectors: rows of 4 bits a number, one scale per row, the pieces and the notice in one file.

The layout is described in src/static/model-file.ts.
"""

import struct

import numpy as np

VERSION = 2
BITS = 4
SHARES = 1 - 0.05 * np.arange(17)
WORD = 0xFFFFFFFF


def reachable(tokenizer, piece):
    """True for a piece that the tokenizer can produce. Unused slots and `##` ideographs, for example, never occur."""
    if piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
        return True
    continues = piece.startswith("##") and len(piece) > 2
    word = "a" + piece[2:] if continues else piece
    normal = tokenizer.normalizer.normalize_str(word)
    return [part for part, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)] == [word]


def quantize(table, bits):
    """Rows as whole numbers of so many bits, and what to multiply them with: `roundRow` of src/static/bits.ts.

    Of several steps, the one whose numbers have the largest cosine to the row.
    """
    top = 2 ** (bits - 1) - 1
    table = table.astype(np.float64)
    largest = np.abs(table).max(axis=1)
    rows, scales, fits = np.zeros(table.shape, np.int8), np.zeros(len(table)), np.zeros(len(table))
    for share in SHARES if bits < 8 else [1]:
        step = np.where(largest > 0, largest * share / top, 1)[:, None]
        levels = np.clip(np.rint(table / step), -top, top)
        product, squares = (table * levels).sum(axis=1), np.maximum((levels * levels).sum(axis=1), 1)
        fit = product * product / squares
        better = fit > fits
        rows[better], scales[better], fits[better] = levels[better], (product / squares)[better], fit[better]
    return rows, scales.astype(np.float32)


def pack_bits(rows, bits):
    """Numbers one after the other, each plus the highest, the first in the lowest bits of its byte."""
    if bits == 8:
        return rows.tobytes()
    codes = (rows.ravel().astype(np.int16) + 2 ** (bits - 1) - 1).astype(np.uint8)
    codes = np.pad(codes, (0, -len(codes) % (8 // bits))).reshape(-1, 8 // bits)
    return np.bitwise_or.reduce(codes << (np.arange(8 // bits, dtype=np.uint8) * bits), axis=1).astype(np.uint8).tobytes()


def checksum(words):
    """The two lanes of src/static/checksum.ts."""
    first, second = 0x9747B28C, 0x2C1B3C6D
    for word in words.tolist():
        turned = ((first << 13) | (first >> 19)) & WORD
        first = (turned * 5 + word * 0xCC9E2D51) & WORD
        second = ((second ^ word) * 0x85EBCA6B) & WORD
        second ^= second >> 15
    return first, second


def runs_of(ids):
    """[first id, number of ids] of each gapless run of ascending ids."""
    breaks = np.flatnonzero(np.diff(ids) != 1) + 1
    return [(int(run[0]), len(run)) for run in np.split(ids, breaks)]


def pad(data):
    return data + b"\0" * (-len(data) % 4)


def pack(table, vocabulary, tokenizer, notice, bits=BITS):
    """The file's bytes. `table` has a row for each piece of `vocabulary`; unreachable ones are left out."""
    ids = np.array([i for i, piece in enumerate(vocabulary) if reachable(tokenizer, piece)])
    rows, scales = quantize(table[ids], bits)
    runs = b"".join(struct.pack("<II", *run) for run in runs_of(ids))
    text = "\n".join(vocabulary[i] for i in ids).encode()
    origin = notice.encode()
    sizes = (VERSION, table.shape[1], len(ids), len(vocabulary), len(runs) // 8, len(origin), len(text))
    head = struct.pack("<8I", *sizes, bits)
    body = pad(runs + scales.tobytes() + origin + text) + pad(pack_bits(rows, bits))
    check = checksum(np.frombuffer(head + body, "<u4"))
    return b"TESSERAE" + head + struct.pack("<II", *check) + body
