"""Names and definitions of the life sciences: ontologies, gene names, diagnoses, names of databases.

Entries whose definition cites an encyclopedia under another licence lose the definition.
"""

import gzip
import json
import random
import re
import xml.etree.ElementTree

import zstandard

from texts import one_line, save, unique, wheel

FOREIGN = re.compile(r"wikipedia", re.I)


def save_clean(name, texts):
    texts = [text for text in unique(map(one_line, texts)) if len(text) > 1]
    save(name, texts)
    print("  for example:", random.sample(texts, 3))


def obo(archive, name):
    """(name, definition, synonyms) of the terms of an OBO file that are not obsolete."""
    content = gzip.decompress(archive.read(f"psims/controlled_vocabulary/vendor/{name}.obo.gz")).decode()
    terms = []
    for block in content.split("\n[Term]\n")[1:]:
        if "is_obsolete: true" in block:
            continue
        label = re.search(r"^name: (.*)$", block, re.M)
        definition = re.search(r'^def: "((?:[^"\\]|\\.)*)" *(\[.*)$', block, re.M)
        if not label:
            continue
        text = ""
        if definition and not FOREIGN.search(definition[2]) and not FOREIGN.search(definition[1]):
            text = definition[1].replace('\\"', '"').replace("\\", "")
        terms.append((label[1], text, re.findall(r'^synonym: "((?:[^"\\]|\\.)*)" EXACT', block, re.M)))
    return terms


def guide(archive, name):
    """The same of an ontology as cellxgene-ontology-guide stores it."""
    packed = archive.read(f"cellxgene_ontology_guide/data/{name}.json.zst")
    terms = json.loads(zstandard.ZstdDecompressor().decompressobj().decompress(packed))
    found = []
    for term in terms.values():
        if not term.get("label") or term["deprecated"]:
            continue
        text = term.get("description", "")
        text = "" if FOREIGN.search(text) else re.sub(r"\s*\[[^\]]*(?:url|PMID|http|:)[^\]]*\]", "", text)
        found.append((term["label"], text, term.get("synonyms", [])))
    return found


def render(terms, most):
    """One text per term (name and definition, definition, or name), and now and then a synonym."""
    texts = []
    for name, definition, synonyms in terms:
        if definition:
            draw = random.random()
            if draw < 0.5:
                texts.append(f"{name}: {definition}")
            elif draw < 0.9:
                texts.append(definition)
            else:
                texts.append(name)
        elif random.random() < 0.3:
            texts.append(name)
        if synonyms and random.random() < 0.15:
            texts.append(random.choice(synonyms))
    random.shuffle(texts)
    return texts[:most]


def passages(terms, count):
    """Longer texts: two to six definitions that stand side by side in the ontology."""
    terms = [term for term in terms if term[1]]
    texts = []
    for _ in range(count):
        start = random.randrange(len(terms) - 8)
        length = random.randint(2, 6)
        parts = [f"{t[0]}. {t[1]}" if random.random() < 0.3 else t[1] for t in terms[start : start + length]]
        texts.append(" ".join(parts)[:1200])
    return texts


def genes():
    source = wheel("goatools").read("goatools/test_data/genes_NCBI_9606_ProteinCoding.py").decode()
    found = re.findall(r"Symbol='([^']*)', Aliases='([^']*)', description=['\"](.*?)['\"], other_des", source)
    random.shuffle(found)
    texts = []
    for symbol, aliases, name in found[:9000]:
        if random.random() < 0.5:
            texts.append(f"{name} ({symbol})")
        else:
            texts.append(name if random.random() < 0.7 else f"{symbol} {aliases}")
    return texts


def diagnoses():
    source = wheel("simple_icd_10_cm").read("simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml")
    root = xml.etree.ElementTree.fromstring(source)
    texts = [e.text for e in root.iter("desc") if e.text] + [e.text for e in root.iter("note") if e.text]
    texts = unique(texts)
    random.shuffle(texts)
    return texts[:9000]


def databases():
    entries = json.loads(wheel("bioregistry").read("bioregistry/data/bioregistry.json"))
    clean = [(k, v) for k, v in entries.items() if not FOREIGN.search(json.dumps(v.get("description", "")))]
    return [value.get("description") or (value.get("name") or key) for key, value in clean]


def main():
    random.seed(11)
    proteomics, cells = wheel("psims"), wheel("cellxgene_ontology_guide")
    go, ms, pato = (obo(proteomics, name) for name in ["go", "psi-ms", "pato"])
    mondo = guide(cells, "MONDO-ontology-v2026-05-05")
    uberon = guide(cells, "UBERON-ontology-v2026-04-01")
    cl = guide(cells, "CL-ontology-v2026-03-26")
    chebi = guide(cells, "CHEBI-ontology-2026-05-01")
    save_clean("go", render(go, 26000) + passages(go, 2500))
    anatomy = render(uberon, 12000) + render(cl, 4000) + render(pato, 2000) + render(ms, 2500)
    save_clean("anat", anatomy + passages(uberon, 1000) + passages(cl, 500))
    save_clean("mondo", render(mondo, 24000) + passages(mondo, 2000))
    defined = [term for term in chebi if term[1]]
    plain = [t for t in chebi if not t[1] and len(t[0]) < 30 and re.fullmatch(r"[A-Za-z -]+", t[0])]
    random.shuffle(defined)
    random.shuffle(plain)
    save_clean("chebi", render(defined, 8000) + [term[0] for term in plain[:4000]])
    save_clean("genes", genes())
    save_clean("icd", diagnoses())
    save_clean("bioreg", databases())


if __name__ == "__main__":
    main()
