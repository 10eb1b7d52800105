"""Prints, as a requirements file, one version of the SDK, or of another package, and all that it needs, each with the
digests of its archives.

    pin.py 0.31.0 > xtask/requirements-0.31.0.txt
    pin.py duckdb==2.0.1 > xtask/requirements-duckdb.txt

Of the archives those count that this workspace is checked with: any source, and wheels for CPython 3.10 to 3.14 on
Linux and macOS.
"""

import json
import re
import subprocess
import sys
import urllib.request

WHEEL = re.compile(r"-(py3|py2\.py3|cp3|cp31[0-4])-(none|abi3|cp31[0-4])-(any|(many|musl)?linux.*|macosx.*)\.whl$")


def resolve(package):
    """The name and version of a package and of each of its dependencies, as pip would install them here."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    report = subprocess.check_output([*command, "--report", "-", package])
    packages = (item["metadata"] for item in json.loads(report)["install"])
    return sorted(((package["name"], package["version"]) for package in packages), key=lambda pair: pair[0].lower())


def digests(name, version):
    """sha256 of each archive that may be installed, in a fixed order."""
    project = re.sub(r"[-_.]+", "-", name).lower()
    request = urllib.request.Request(
        f"https://pypi.org/simple/{project}/",
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
    )
    with urllib.request.urlopen(request) as answer:
        files = json.load(answer)["files"]
    start = re.compile(re.sub(r"[-_.]+", "[-_.]+", name) + "-" + re.escape(version) + r"(-|\.tar\.gz$|\.zip$)", re.I)
    for file in files:
        archive = file["filename"]
        if start.match(archive) and (WHEEL.search(archive) or not archive.endswith((".whl", ".egg"))):
            yield file["hashes"]["sha256"]


if __name__ == "__main__":
    is_sdk = "==" not in sys.argv[1]
    what = "The SDK that wbf is compared with" if is_sdk else "What reads what wbf writes"
    print(f"# {what}, and all that it needs, as one set that works.")
    print(f"# Written by `python3 xtask/python/pin.py {sys.argv[1]}`.")
    for name, version in resolve(f"wandb=={sys.argv[1]}" if is_sdk else sys.argv[1]):
        hashes = sorted(digests(name, version))
        if not hashes:
            sys.exit(f"no archive of {name} {version} is for us")
        print(" \\\n".join([f"{name}=={version}", *(f"    --hash=sha256:{digest}" for digest in hashes)]))
