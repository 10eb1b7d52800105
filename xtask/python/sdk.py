"""What the Python SDK makes of the server that WANDB_BASE_URL names.

    sdk.py upload RUN FOLDER THREADS    creates the run and uploads every file of FOLDER into it
    sdk.py list RUN CASES               lists the run once for each case of the JSON array CASES (objects with
                                        the arguments of Run.files) and prints one JSON object a file
    sdk.py download RUN ROOT [--exist-ok|--replace]
                                        brings every file, as the reference page shows it
    sdk.py download-one RUN NAME ROOT   brings one file
    sdk.py put RUN FOLDER               uploads every file of FOLDER into the run, one after the other, and goes on
                                        after one that fails; the run has to be there
    sdk.py put-paths RUN PATHS          uploads each path of the JSON array PATHS of pairs of a path and a root
    sdk.py delete RUN NAMES             deletes the files that the JSON array NAMES names
"""

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import wandb


def upload(path, folder, threads):
    entity, project, run_id = path.split("/")
    api = wandb.Api()
    run = api.create_run(run_id=run_id, project=project, entity=entity)
    paths = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names)
    with ThreadPoolExecutor(int(threads)) as pool:
        for _ in pool.map(lambda path: run.upload_file(path, root=folder), paths):
            pass


def list_files(path, cases):
    run = wandb.Api().run(path)
    for number, arguments in enumerate(json.loads(cases)):
        for file in run.files(**arguments):
            row = {
                "case": number,
                "id": file.id,
                "name": file.name,
                "url": file.url,
                "direct_url": file.direct_url,
                "size_bytes": file.size,
                "mimetype": file.mimetype,
                "updated_at": file.updated_at,
                "md5": file.md5,
                "path_uri": file.path_uri,
            }
            print(json.dumps(row))


def download(path, root, *options):
    # A shell that starts a program in the background has it ignore the signal of Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for file in wandb.Api().run(path).files():
        file.download(root=root, replace="--replace" in options, exist_ok="--exist-ok" in options)


def download_one(path, name, root):
    wandb.Api().run(path).file(name).download(root=root)


def put(path, folder):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run = wandb.Api().run(path)
    failed = 0
    for where, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            try:
                run.upload_file(os.path.join(where, name), root=folder)
            except Exception as error:
                failed = 1
                print(f"error: {name}: {error!r}", file=sys.stderr)
    sys.exit(failed)


def put_paths(path, paths):
    run = wandb.Api().run(path)
    for file, root in json.loads(paths):
        run.upload_file(file, root=root)


def delete(path, names):
    names = set(json.loads(names))
    # Listed whole first: what is deleted would shift the pages.
    for file in list(wandb.Api().run(path).files()):
        if file.name in names:
            file.delete()


COMMANDS = {
    "upload": upload,
    "list": list_files,
    "download": download,
    "download-one": download_one,
    "put": put,
    "put-paths": put_paths,
    "delete": delete,
}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    COMMANDS[command](*arguments)
