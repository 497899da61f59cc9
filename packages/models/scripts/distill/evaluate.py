"""nDCG@10 of a table beside BM25 and beside both together. Only reports: nothing was chosen by it.

    python evaluate.py table.npy FOLDER...

A folder holds corpus.jsonl.gz, queries.jsonl and qrels.tsv as BEIR lays them out; title and text are joined
with a blank. Both together are `w * minmax(vectors) + (1 - w) * minmax(BM25)` over each list's best 100.
"""

import gzip
import json
import os
import re
import sys

import numpy as np
import scipy.sparse
import Stemmer

from teacher import tokenizer
from train import Texts

STOP = set(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these "
    "they this to was will with".split()
)


def read(folder):
    with gzip.open(os.path.join(folder, "corpus.jsonl.gz"), "rt", encoding="utf8") as file:
        documents = [json.loads(line) for line in file]
    with open(os.path.join(folder, "queries.jsonl"), encoding="utf8") as file:
        queries = [json.loads(line) for line in file]
    judged = {}
    with open(os.path.join(folder, "qrels.tsv"), encoding="utf8") as file:
        for line in file.read().split("\n")[1:]:
            if line:
                query, document, grade = line.split("\t")
                if float(grade) > 0:
                    judged.setdefault(query, {})[document] = float(grade)
    queries = [query for query in queries if query["_id"] in judged]
    names = [document["_id"] for document in documents]
    texts = [f"{document.get('title', '')} {document['text']}".strip() for document in documents]
    return names, texts, [q["text"] for q in queries], [judged[q["_id"]] for q in queries]


def best(scores, count):
    """Best first, ties by position."""
    return np.lexsort((np.arange(len(scores)), -scores))[:count]


def ndcg(scores, names, judged, count=10):
    discount = 1 / np.log2(np.arange(2, count + 2))
    values = []
    for row, grades in zip(scores, judged):
        gains = np.array([grades.get(names[i], 0) for i in best(row, count)])
        ideal = np.array(sorted(grades.values(), reverse=True)[:count])
        values.append((gains * discount[: len(gains)]).sum() / (ideal * discount[: len(ideal)]).sum())
    return float(np.mean(values))


def bm25(texts, queries, k1=1.2, b=0.75):
    """BM25 in Lucene's form over stemmed words."""
    stemmer, columns = Stemmer.Stemmer("english"), {}

    def words(text):
        return stemmer.stemWords([w for w in re.findall(r"\w\w+", text.lower()) if w not in STOP])

    documents = [words(text) for text in texts]
    rows = [i for i, document in enumerate(documents) for _ in document]
    found = [columns.setdefault(word, len(columns)) for document in documents for word in document]
    counts = scipy.sparse.coo_matrix((np.ones(len(rows)), (rows, found)), shape=(len(texts), len(columns))).tocsr()
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=len(columns))
    rarity = np.log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))
    lengths = np.array([len(document) for document in documents])
    longer = 1 - b + b * lengths[np.repeat(np.arange(len(texts)), np.diff(counts.indptr))] / lengths.mean()
    counts.data = rarity[counts.indices] * counts.data / (counts.data + k1 * longer)
    wanted = np.zeros((len(queries), len(columns)))
    for row, query in enumerate(queries):
        for word in words(query):
            if word in columns:
                wanted[row, columns[word]] += 1
    return np.asarray((counts @ wanted.T).T)


def together(vectors, words, weight, depth=100):
    out = np.full(vectors.shape, -1.0)
    for row in range(len(out)):
        total = {}
        for scores, share, least in ((vectors[row], weight, -2), (words[row], 1 - weight, 0)):
            order = [i for i in best(scores, depth) if scores[i] > least]
            if not order:
                continue
            low, high = scores[order].min(), scores[order].max()
            for i in order:
                total[i] = total.get(i, 0) + share * ((scores[i] - low) / (high - low) if high > low else 1)
        for i, score in total.items():
            out[row, i] = score
    return out


def main(table, folders):
    table, cut = np.load(table), tokenizer()

    def embed(texts):
        ids = [e.ids or [100] for e in cut.encode_batch(texts, add_special_tokens=False)]
        return Texts(ids).embed(table)

    for folder in folders:
        names, texts, queries, judged = read(folder)
        vectors, words = embed(queries) @ embed(texts).T, bm25(texts, queries)
        mixed = {w: ndcg(together(vectors, words, w), names, judged) for w in (0.3, 0.5)}
        print(
            f"{folder}: static {ndcg(vectors, names, judged):.4f}, BM25 {ndcg(words, names, judged):.4f}, "
            + ", ".join(f"{w} static + {1 - w} BM25 {value:.4f}" for w, value in mixed.items()),
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
