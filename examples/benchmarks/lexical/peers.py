"""Full-text engines with a Python interface, each in a process of its own. The commands are those of session.ts."""

import json
import sys
import tempfile
import time

LIMIT = 10


def lines_of(path, at_once=1000):
    lines = []
    with open(path, encoding="ascii") as file:
        for line in file:
            lines.append(line.rstrip("\n"))
            if len(lines) == at_once:
                yield lines
                lines = []
    if lines:
        yield lines


def read_all(path):
    return [line for lines in lines_of(path) for line in lines]


class SingleQueries:
    """Searches query by query."""

    def time(self, queries, budget):
        micros = []
        started = before = time.perf_counter()
        for query in queries:
            self.search(query)
            now = time.perf_counter()
            micros.append((now - before) * 1e6)
            before = now
            if now - started > budget:
                break
        return {"count": len(micros), "micros": micros}


class Tantivy(SingleQueries):
    """One thread, one segment; scores without counting all hits. Documents are known by their place."""

    def __init__(self):
        import tantivy

        self.tantivy = tantivy
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", stored=False, tokenizer_name="default", index_option="freq")
        self.folder = tempfile.TemporaryDirectory(prefix="tesserae-tantivy-")
        self.index = tantivy.Index(builder.build(), path=self.folder.name)
        self.writer = self.index.writer(heap_size=2_000_000_000, num_threads=1)

    def add(self, passages, first):
        for passage in passages:
            document = self.tantivy.Document()
            document.add_text("text", passage)
            self.writer.add_document(document)

    def finish(self):
        self.writer.commit()
        self.writer.wait_merging_threads()
        self.writer = None
        self.index.reload()
        self.searcher = self.index.searcher()
        if self.searcher.num_segments != 1:
            raise RuntimeError("more than one segment: documents cannot be known by their place")

    def search(self, query):
        parsed = self.index.parse_query(query, ["text"])
        return self.searcher.search(parsed, LIMIT, count=False).hits

    def answer(self, query):
        hits = self.search(query)
        return [address.doc for _, address in hits], [score for score, _ in hits]


class Fts5(SingleQueries):
    """A table without the texts, in a file, filled in one transaction."""

    def __init__(self):
        import sqlite3

        self.folder = tempfile.TemporaryDirectory(prefix="tesserae-fts5-")
        self.connection = sqlite3.connect(self.folder.name + "/index.db")
        self.connection.execute("pragma journal_mode = off")
        self.connection.execute("pragma synchronous = off")
        self.connection.execute("pragma cache_size = -65536")
        self.connection.execute("create virtual table passages using fts5(text, content = '')")

    def add(self, passages, first):
        rows = ((first + i + 1, passage) for i, passage in enumerate(passages))
        self.connection.executemany("insert into passages (rowid, text) values (?, ?)", rows)

    def finish(self):
        self.connection.commit()

    def search(self, query):
        sql = "select rowid, rank from passages where passages match ? order by rank limit ?"
        return self.connection.execute(sql, (query.replace(" ", " OR "), LIMIT)).fetchall()

    def answer(self, query):
        hits = self.search(query)
        return [rowid - 1 for rowid, _ in hits], [-rank for _, rank in hits]


class Bm25s:
    """Scores computed when indexing; queries tokenised beforehand and answered together, compiled by numba."""

    def __init__(self):
        import bm25s

        self.bm25s = bm25s
        self.texts = []

    def add(self, passages, first):
        self.texts.extend(passages)

    def finish(self):
        tokens = self.tokenize(self.texts)
        self.texts = None
        self.retriever = self.bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        self.retriever.index(tokens, show_progress=False)

    def tokenize(self, texts):
        return self.bm25s.tokenize(texts, stopwords=None, show_progress=False)

    def retrieve(self, queries):
        return self.retriever.retrieve(
            queries, k=LIMIT, n_threads=1, show_progress=False, backend_selection="numba"
        )

    def prepare(self, queries):
        return self.bm25s.tokenize(queries, stopwords=None, show_progress=False, return_ids=False)

    def time(self, queries, budget):
        self.retrieve(queries)
        return {"count": len(queries)}

    def answer_all(self, queries):
        ids, scores = self.retrieve(self.prepare(queries))
        return {"ids": ids.tolist(), "scores": [[float(s) for s in row] for row in scores]}


def index(engine, path):
    wall = cpu = 0.0

    def timed(work):
        nonlocal wall, cpu
        cpu_started = time.process_time()
        started = time.perf_counter()
        work()
        wall += time.perf_counter() - started
        cpu += time.process_time() - cpu_started

    first = 0
    for passages in lines_of(path):
        timed(lambda: engine.add(passages, first))
        first += len(passages)
    timed(engine.finish)
    return {"wallMs": wall * 1000, "cpuMs": cpu * 1000}


def search(engine, path, budget):
    queries = read_all(path)
    if hasattr(engine, "prepare"):
        queries = engine.prepare(queries)
    cpu_started = time.process_time()
    started = time.perf_counter()
    reply = engine.time(queries, budget)
    reply["wallMs"] = (time.perf_counter() - started) * 1000
    reply["cpuMs"] = (time.process_time() - cpu_started) * 1000
    return reply


def answers(engine, path, count):
    queries = read_all(path)[:count]
    if hasattr(engine, "answer_all"):
        return engine.answer_all(queries)
    pairs = [engine.answer(query) for query in queries]
    return {"ids": [ids for ids, _ in pairs], "scores": [scores for _, scores in pairs]}


def main():
    engine = {"tantivy": Tantivy, "fts5": Fts5, "bm25s": Bm25s}[sys.argv[1]]()
    for line in sys.stdin:
        command, path, number = line.rstrip("\n").split("\t")
        try:
            if command == "index":
                reply = index(engine, path)
            elif command == "search":
                reply = search(engine, path, float(number) / 1000)
            else:
                reply = answers(engine, path, int(number))
        except Exception as error:
            reply = {"error": str(error) or repr(error)}
        print(json.dumps(reply), flush=True)


main()
