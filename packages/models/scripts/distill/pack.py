"""Packs a table of token vectors: int8 rows, one scale per row, the pieces and the notice in one file.

The layout is described in src/static/model-file.ts.
"""

import struct

import numpy as np

VERSION = 1
WORD = 0xFFFFFFFF


def reachable(tokenizer, piece):
    """True for a piece that the tokenizer can produce. Unused slots and `##` ideographs, for example, never occur."""
    if piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
        return True
    continues = piece.startswith("##") and len(piece) > 2
    word = "a" + piece[2:] if continues else piece
    normal = tokenizer.normalizer.normalize_str(word)
    return [part for part, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)] == [word]


def quantize(table):
    """Rows as int8 with the largest component at 127; returns the rows and what to multiply them with."""
    scales = np.abs(table).max(axis=1) / 127
    safe = np.where(scales > 0, scales, 1)
    rows = np.clip(np.rint(table / safe[:, None]), -127, 127).astype(np.int8)
    return rows, scales.astype(np.float32)


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


def pack(table, vocabulary, tokenizer, notice):
    """The file's bytes. `table` has a row for each piece of `vocabulary`; unreachable ones are left out."""
    ids = np.array([i for i, piece in enumerate(vocabulary) if reachable(tokenizer, piece)])
    rows, scales = quantize(table[ids])
    runs = b"".join(struct.pack("<II", *run) for run in runs_of(ids))
    text = "\n".join(vocabulary[i] for i in ids).encode()
    origin = notice.encode()
    sizes = (VERSION, table.shape[1], len(ids), len(vocabulary), len(runs) // 8, len(origin), len(text))
    head = struct.pack("<8I", *sizes, 0)
    body = pad(runs + scales.tobytes() + origin + text) + pad(rows.tobytes())
    check = checksum(np.frombuffer(head + body, "<u4"))
    return b"TESSERAE" + head + struct.pack("<II", *check) + body
