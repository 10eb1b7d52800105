"""Plays operations on the SDK's files, one JSON object a line from standard input, and answers each with one line.

The environment says which server. An answer has `value`, or `raised` with the name of an exception's class; and of the
open listing how many files and pages it has loaded, and how many files the last page brought.
"""

import json
import os
import sys
from types import SimpleNamespace

import wandb
from wandb.apis.public.files import Files

ATTRIBUTES = {
    "id": "id",
    "name": "name",
    "url": "url",
    "direct_url": "direct_url",
    "size_bytes": "size",
    "mimetype": "mimetype",
    "updated_at": "updated_at",
    "md5": "md5",
    "path_uri": "path_uri",
}


class Player:
    def __init__(self):
        self.api = wandb.Api()
        self.client = getattr(self.api, "_service_api", None) or self.api.client
        self.files = None
        self.pages = 0

    def open(self, run, names=None, pattern=None, per_page=50):
        entity, project, name = run.split("/")
        # What a listing reads of a run, without the request that would ask whether it exists.
        run = SimpleNamespace(entity=entity, project=project, id=name, path=[entity, project, name])
        self.files, self.pages = None, 0
        self.files = Files(self.client, run, names=names, per_page=per_page, pattern=pattern)
        ask = self.files._update_response

        def counted():
            self.pages += 1
            ask()

        self.files._update_response = counted

    def next(self):
        return next(self.files).name

    def take(self, count):
        taken = []
        for _ in range(count):
            try:
                taken.append(next(self.files).name)
            except StopIteration:
                break
        return taken

    def all(self):
        return [file.name for file in self.files]

    def rest(self):
        rest = []
        while True:
            try:
                rest.append(next(self.files).name)
            except StopIteration:
                return rest

    def rewind(self):
        iter(self.files)

    def index(self, index):
        return self.files[index].name

    def slice(self, start, stop, step):
        return [file.name for file in self.files[start:stop:step]]

    def len(self):
        return len(self.files)

    def cursor(self):
        return self.files.cursor

    def more(self):
        return self.files.more

    def load_all(self):
        while self.files._load_page():
            pass

    def loaded(self):
        return [file.name for file in self.files.objects]

    def attributes(self):
        file = self.files[0]
        row = {"repr": repr(file)}
        for name, attribute in ATTRIBUTES.items():
            try:
                row[name] = getattr(file, attribute)
            except Exception as error:
                row[name] = {"raised": type(error).__name__}
        return row

    def download(self, run, name, root, replace, exist_ok):
        file = self.api.run(run).file(name)
        with file.download(root=root, replace=replace, exist_ok=exist_ok) as opened:
            return {"path": opened.name, "text": opened.read()}

    def upload(self, run, path, root):
        file = self.api.run(run).upload_file(path, root=root)
        return file.name

    def delete(self, run, name):
        self.api.run(run).file(name).delete()

    def state(self):
        if self.files is None:
            return {}
        last = self.files.last_response
        edges = last["project"]["run"]["files"]["edges"] if last else []
        return {"loaded": len(self.files.objects), "pages": self.pages, "page": len(edges)}


def main():
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # What the SDK prints is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    player = Player()
    for line in sys.stdin:
        arguments = json.loads(line)
        operation = arguments.pop("do")
        try:
            answer = {"value": getattr(player, operation)(**arguments)}
        except Exception as error:
            answer = {"raised": type(error).__name__}
        answer.update(player.state())
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
