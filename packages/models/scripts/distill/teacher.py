"""Sentence vectors of the teacher for every file of texts, and the vector of every piece alone.

    python teacher.py [names...]

TEACHER is the folder with tokenizer.json, vocab.txt and onnx/. Texts are sorted by length before they are
put into batches; the int8 graph is used for texts (cosine 0.995 to fp32 on average) and fp32 for pieces.
"""

import glob
import os
import sys
import time

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from texts import load, path

TEACHER = os.environ.get("TEACHER", "all-MiniLM-L6-v2")
WIDTH = 384


def tokenizer(most=None):
    """The teacher's tokenizer; cuts at `most` tokens, or not at all."""
    found = Tokenizer.from_file(os.path.join(TEACHER, "tokenizer.json"))
    found.no_padding()
    found.no_truncation()
    if most:
        found.enable_truncation(most)
    return found


def vocabulary():
    with open(os.path.join(TEACHER, "vocab.txt"), encoding="utf8") as file:
        return file.read().rstrip("\n").split("\n")


def session(graph, threads=2):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    file = os.path.join(TEACHER, "onnx", f"{graph}.onnx")
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def encode(model, ids, batch_tokens=1024, label=None):
    """Unit mean vectors of the id lists."""
    order = np.argsort([len(i) for i in ids], kind="stable")
    out = np.zeros((len(ids), WIDTH), np.float32)
    at, started, told = 0, time.time(), time.time()
    while at < len(order):
        count = 1
        while at + count < len(order) and (count + 1) * len(ids[order[at + count]]) <= batch_tokens:
            count += 1
        batch = order[at : at + count]
        longest = len(ids[batch[-1]])
        tokens = np.zeros((count, longest), np.int64)
        mask = np.zeros((count, longest), np.int64)
        for row, index in enumerate(batch):
            tokens[row, : len(ids[index])] = ids[index]
            mask[row, : len(ids[index])] = 1
        inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        hidden = model.run(None, inputs)[0]
        vectors = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        out[batch] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        at += count
        if label and time.time() - told > 20:
            told = time.time()
            print(label, at, "of", len(order), round(at / (told - started)), "texts/s", flush=True)
    return out


def pieces():
    ids = [[101, piece, 102] for piece in range(len(vocabulary()))]
    np.save(path("vectors", "pieces.npy"), encode(session("model"), ids, 384))


def main(names):
    os.makedirs(path("vectors"), exist_ok=True)
    if not names:
        pieces()
        names = sorted(os.path.basename(file)[:-5] for file in glob.glob(path("texts", "*.json")))
    cut, model = tokenizer(256), session("model_quantized")
    for name in names:
        ids = [encoding.ids for encoding in cut.encode_batch(load(name))]
        print(name, len(ids), "texts,", sum(map(len, ids)), "tokens", flush=True)
        np.save(path("vectors", f"{name}.npy"), encode(model, ids, label=name).astype(np.float16))


if __name__ == "__main__":
    main(sys.argv[1:])
