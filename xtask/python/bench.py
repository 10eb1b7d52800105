"""What the Python SDK is measured with.

    bench.py serial RUN ROOT COUNT      downloads the first COUNT files as the reference page shows it
    bench.py pool RUN ROOT THREADS      downloads all files with a pool of threads and one Api
    bench.py list RUN PER_PAGE          prints the names of all files
    bench.py project PROJECT ROOT THREADS  downloads the files of all runs with a pool of threads and one Api
    bench.py upload RUN FOLDER COUNT    uploads the first COUNT files of FOLDER, one after the other
"""

import itertools
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import wandb


def serial(path, root, count):
    for file in itertools.islice(wandb.Api().run(path).files(), int(count)):
        file.download(root=root)


def fetch(api, files, threads):
    def one(pair):
        file, root = pair
        file.download(root=root, api=api)

    with ThreadPoolExecutor(int(threads)) as pool:
        for _ in pool.map(one, files):
            pass


def pool(path, root, threads):
    api = wandb.Api()
    fetch(api, ((file, root) for file in api.run(path).files(per_page=1000)), threads)


def project(path, root, threads):
    api = wandb.Api()
    runs = api.runs(path, per_page=1000)
    files = ((file, os.path.join(root, run.id)) for run in runs for file in run.files(per_page=1000))
    fetch(api, files, threads)


def list_files(path, per_page):
    for file in wandb.Api().run(path).files(per_page=int(per_page)):
        print(file.name)


def upload(path, folder, count):
    run = wandb.Api().run(path)
    for name in sorted(os.listdir(folder))[: int(count)]:
        run.upload_file(os.path.join(folder, name), root=folder)


COMMANDS = {"serial": serial, "pool": pool, "list": list_files, "project": project, "upload": upload}

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    COMMANDS[command](*arguments)
