"""Documentation: docstrings of scientific Python packages, service descriptions, manuals, health records."""

import ast
import glob
import gzip
import html
import json
import random
import re

from texts import path, prose, sample_and_save, unique, wheel

SCIENCE = """fluids ht chemicals thermo aerosandbox openmdao metpy scikit_bio scanpy nilearn mne lifelines
statsmodels scikit_learn scipy sympy astropy biopython dipy networkx pandas pydicom poliastro nltk
scikit_image""".split()
PHYSICS = "plasmapy rocketpy dymos sunpy yt".split()


def plain(text):
    """Docstring markup (roles, literals, footnotes, addresses) away."""
    text = re.sub(r":[a-z:]+:`~?([^`<]*)(?:<[^`]*>)?`", r"\1", text)
    text = re.sub(r"``?([^`]*)``?_*", r"\1", text)
    text = re.sub(r"\[\d+\]_|\*\*?", "", text)
    return re.sub(r"https?://\S+", "", text)


def paragraphs(docstring):
    text = re.sub(r"\n\s*[-=~^]{3,}\s*\n", "\n\n", docstring)
    parts = re.split(r"\n\s*\n|\n(?=\s*\S+ : )|\n(?=\s*-{3,})", text)
    return [part for part in (prose(plain(part)) for part in parts) if part]


def docstrings(package, passages, share):
    """At most 6,000 paragraphs; of the docstrings of more than two, `share` go to `passages` whole."""
    archive, found = wheel(package), []
    for name in archive.namelist():
        if not name.endswith(".py") or any(part in name for part in ["/tests/", "extern", "vendor"]):
            continue
        try:
            tree = ast.parse(archive.read(name))
        except Exception:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
                continue
            text = ast.get_docstring(node)
            if not text:
                continue
            parts = paragraphs(text)
            found += [part[:700] for part in parts]
            if len(parts) > 2 and random.random() < share:
                passages.append(" ".join(parts)[:1300])
    found = unique(found)
    random.shuffle(found)
    return found[:6000]


def science():
    texts, passages = [], []
    for package in SCIENCE:
        texts += docstrings(package, passages, 0.25)
    random.shuffle(passages)
    sample_and_save("docstrings", texts, 40000)
    sample_and_save("docstrings_long", passages, 6000)


def physics():
    texts, passages = [], []
    for package in PHYSICS:
        texts += docstrings(package, passages, 1)
    sample_and_save("physics", texts, 20000)
    sample_and_save("physics_long", passages, 3000)


def documentation_of(node):
    """Every `documentation` string of a service model, in order."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "documentation" and isinstance(value, str):
                yield value
            else:
                yield from documentation_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from documentation_of(value)


def services():
    archive, texts, passages = wheel("botocore"), [], []
    for name in archive.namelist():
        if "service-2.json" not in name:
            continue
        packed = archive.read(name)
        found = []
        for text in documentation_of(json.loads(gzip.decompress(packed) if name.endswith(".gz") else packed)):
            parts = [html.unescape(re.sub(r"<[^>]+>", "", part)) for part in re.split(r"</p>|</li>|\n\n", text)]
            parts = [part for part in map(prose, parts) if part]
            found += parts
            if len(parts) > 4:
                passages.append(" ".join(parts)[:1300])
        found = unique(found)
        random.shuffle(found)
        texts += [text[:700] for text in found[:120]]
    sample_and_save("botocore", texts, 18000)
    random.shuffle(passages)
    sample_and_save("botocore_long", passages, 2500)


def manual(name, package, most):
    """Paragraphs, items and headings of an HTML manual; every third group of four as a passage."""
    texts, passages = [], []
    for file in sorted(glob.glob(path("apt", package, "usr", "share", "doc", "**", "*.html"), recursive=True)):
        with open(file, encoding="utf8", errors="ignore") as opened:
            page = re.sub(r"(?s)<(script|style|pre|head).*?</\1>", "", opened.read())
        parts = re.findall(r"(?s)<(?:p|dd|li|h[1-4])\b[^>]*>(.*?)</(?:p|dd|li|h[1-4])>", page)
        parts = [prose(html.unescape(re.sub(r"<[^>]+>", "", part))) for part in parts]
        parts = [part for part in parts if part and "\ufffd" not in part]
        texts += [part[:800] for part in parts]
        passages += [" ".join(parts[i : i + 4])[:1300] for i in range(0, len(parts) - 3, 12)]
    random.shuffle(passages)
    sample_and_save(name, texts, most)
    sample_and_save(f"{name}_long", passages, most // 5)


def resources(node):
    """Names with definitions, and the prose, of a FHIR definition file."""
    if isinstance(node, dict):
        if isinstance(node.get("display"), str) and isinstance(node.get("definition"), str) and random.random() < 0.6:
            yield node["display"] + ": " + node["definition"]
        for key, value in node.items():
            if key in ("definition", "description", "comment", "requirements", "purpose") and isinstance(value, str):
                for part in filter(None, map(prose, re.split(r"\n\s*\n", value))):
                    yield part[:800]
            elif key == "display" and isinstance(value, str) and random.random() < 0.3:
                yield value
            else:
                yield from resources(value)
    elif isinstance(node, list):
        for value in node:
            yield from resources(value)


def health():
    texts = []
    for file in sorted(glob.glob(path("npm", "definitions", "package", "dist", "fhir", "r4", "*.json"))):
        if "schema" not in file:
            with open(file) as opened:
                texts += resources(json.load(opened))
    sample_and_save("fhir", texts, 16000)


def main():
    random.seed(13)
    science()
    services()
    manual("postgres", "postgresql-doc-15", 7000)
    manual("pydoc", "python3.11-doc", 8000)
    manual("sqlite", "sqlite3-doc", 6000)
    health()
    physics()


if __name__ == "__main__":
    main()
