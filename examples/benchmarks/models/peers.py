"""Embedders of Python, measured as ours are: a task on standard input, figures on standard output.

Weights are drawn at random, since only the time they take is asked for: the sizes are those of all-MiniLM-L6-v2 and
of a table of its vocabulary with 384 dimensions, as many as ours has, and the tokenizer is the model's own.
"""
import json
import os
import resource
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")


def sentence_transformers(model):
    import shutil

    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.set_num_threads(1)
    folder = tempfile.mkdtemp()
    try:
        BertModel(BertConfig.from_json_file(f"{model}/config.json"), add_pooling_layer=False).save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
            shutil.copy(f"{model}/{name}", folder)
        encoder = Transformer(folder, max_seq_length=256)
    finally:
        shutil.rmtree(folder)
    return SentenceTransformer(modules=[encoder, Pooling(384), Normalize()], device="cpu").encode


def model2vec(model):
    import numpy
    from model2vec import StaticModel
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vectors = numpy.random.default_rng(1).standard_normal((tokenizer.get_vocab_size(), 384)).astype("float32")
    static = StaticModel(vectors, tokenizer, config={"normalize": True})
    return lambda texts: static.encode(texts, max_length=None)


def onnxruntime_python(model, file):
    import numpy
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{model}/onnx/{file}", options, providers=["CPUExecutionProvider"])

    def encode(texts):
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        out = numpy.zeros((len(texts), 384), dtype="float32")
        for first in range(0, len(order), 8):
            places = order[first : first + 8]
            encoded = tokenizer.encode_batch([texts[place] for place in places])
            ids = numpy.array([one.ids for one in encoded], dtype="int64")
            mask = numpy.array([one.attention_mask for one in encoded], dtype="int64")
            feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
            states = session.run(None, feeds)[0]
            sums = (states * mask[:, :, None]).sum(axis=1)
            out[places] = sums / numpy.linalg.norm(sums, axis=1, keepdims=True)
        return out

    return encode


makers = {
    "sentence-transformers fp32": sentence_transformers,
    "model2vec": model2vec,
    "onnxruntime Python fp32": lambda model: onnxruntime_python(model, "model.onnx"),
    "onnxruntime Python int8": lambda model: onnxruntime_python(model, "model_quantized.onnx"),
}


def main():
    task = json.load(sys.stdin)
    started = time.perf_counter()
    encode = makers[task["subject"]](task["model"])
    loaded = time.perf_counter()
    encode(["What is measured here?"])
    first = time.perf_counter() - loaded
    cases = {}
    for name, texts in task["cases"].items():
        figure = {"perCpuSecond": [], "perSecond": []}
        for _ in range(task["rounds"]):
            before, start = time.process_time(), time.perf_counter()
            embedded = 0
            while embedded == 0 or time.perf_counter() - start < 0.5:
                encode(texts)
                embedded += len(texts)
            figure["perCpuSecond"].append(embedded / (time.process_time() - before))
            figure["perSecond"].append(embedded / (time.perf_counter() - start))
        cases[name] = figure
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"loadMs": (loaded - started) * 1000, "firstCallMs": first * 1000, "peakMb": peak, "cases": cases, "soak": []}, sys.stdout)


main()
