"""Builds llama-server here, from the sources in the archive of llama-cpp-python on PyPI, with CMake from PyPI.
No model is fetched: `model.gguf` is made on the spot, of random weights. Takes a quarter of an hour on two cores."""

import glob
import os
import shutil
import subprocess
import sys
import tarfile

VERSION = "0.3.36"
HERE = os.getcwd()
TOOLS = os.path.join(HERE, "tools")
SOURCES = os.path.join(HERE, "sources")
BUILD = os.path.join(HERE, "build")
# The same on every machine of this kind, and without what would be fetched or shown.
OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release",
    "CMAKE_CXX_FLAGS": "-O1",
    "BUILD_SHARED_LIBS": "OFF",
    "GGML_NATIVE": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "LLAMA_BUILD_EXAMPLES": "OFF",
    "LLAMA_BUILD_APP": "OFF",
    "LLAMA_BUILD_UI": "OFF",
    "LLAMA_USE_PREBUILT_UI": "OFF",
    "LLAMA_OPENSSL": "OFF",
}


def run(*command, **more):
    subprocess.run(command, check=True, **more)


def pip(*arguments):
    run(os.path.join(TOOLS, "bin", "pip"), "--quiet", "--disable-pip-version-check", *arguments)


def fetch():
    """The part of the archive that is llama.cpp."""
    name = "llama-cpp-python"
    pip("download", "--no-cache-dir", "--no-deps", "--no-binary", name, "--dest", HERE, f"{name}=={VERSION}")
    (archive,) = glob.glob(os.path.join(HERE, "llama_cpp_python-*.tar.gz"))
    with tarfile.open(archive) as tar:
        wanted = [member for member in tar.getmembers() if "/vendor/llama.cpp/" in member.name]
        tar.extractall(SOURCES, members=wanted, filter="data")
    os.remove(archive)
    (found,) = glob.glob(os.path.join(SOURCES, "*", "vendor", "llama.cpp"))
    return found


def build(sources):
    path = os.path.join(TOOLS, "bin") + os.pathsep + os.environ["PATH"]
    environment = dict(os.environ, PATH=path)
    options = [f"-D{name}={value}" for name, value in OPTIONS.items()]
    run("cmake", "-S", sources, "-B", BUILD, "-G", "Ninja", *options, env=environment)
    run("cmake", "--build", BUILD, "--target", "llama-server", "--parallel", "2", env=environment)
    os.makedirs("bin", exist_ok=True)
    shutil.copy(os.path.join(BUILD, "bin", "llama-server"), "bin")


def keep(sources):
    """What makes a model of llama.cpp's out of others, and a template with which even random weights call a tool."""
    shutil.rmtree("convert", ignore_errors=True)
    os.makedirs("convert")
    shutil.copy(os.path.join(sources, "convert_hf_to_gguf.py"), "convert")
    for folder in ("conversion", "gguf-py"):
        shutil.copytree(os.path.join(sources, folder), os.path.join("convert", folder))
    shutil.copy(os.path.join(sources, "models", "templates", "Qwen3-Coder.jinja"), "template.jinja")


run(sys.executable, "-m", "venv", TOOLS)
pip("install", "--no-cache-dir", "cmake", "ninja", "gguf", "numpy")
llama = fetch()
build(llama)
keep(llama)
run(os.path.join(TOOLS, "bin", "python"), "tiny_gguf.py", "model.gguf")
shutil.rmtree(BUILD)
shutil.rmtree(SOURCES)
