"""What the Python SDK lists beside the files of one run, one JSON object a line.

    listings.py runs PROJECT CASES      the runs of the project once for each case of the JSON array CASES (objects with
                                        the arguments of Api.runs), after a line with their number
    listings.py files PROJECT           the files of all runs
    listings.py projects ENTITY
    listings.py sweeps PROJECT          with the ids of their runs
    listings.py log PROJECT FOLDER URL  logs artifacts made of the files in FOLDER and of what lies at URL, and uses them
    listings.py types PROJECT           artifact types, with the collections of each
    listings.py versions PROJECT TYPE COLLECTION
    listings.py logged RUN              the artifacts that the run logged
    listings.py used RUN                those that it used
    listings.py artifact ARTIFACT       the files of a version
    listings.py download ARTIFACT ROOT  brings them

PROJECT is ENTITY/PROJECT.
"""

import inspect
import json
import os
import sys

import wandb


def say(**row):
    print(json.dumps(row))


def list_runs(path, full, **arguments):
    api = wandb.Api()
    # Newer versions can leave out what may be large, and ask for it run by run.
    if "lazy" in inspect.signature(api.runs).parameters:
        arguments["lazy"] = not full
    return api.runs(path, include_sweeps=False, **arguments)


def runs(path, cases):
    for number, arguments in enumerate(json.loads(cases)):
        found = list_runs(path, full=True, **arguments)
        say(case=number, len=len(found))
        for run in found:
            history = run._attrs.get("historyKeys")
            say(
                case=number,
                id=run.id,
                name=run.name,
                state=run.state,
                created_at=run.created_at,
                heartbeat_at=run.heartbeat_at,
                tags=run.tags,
                user=run.user.username,
                group=run.group,
                job_type=run.job_type,
                sweep_name=run.sweep_name,
                entity=run.entity,
                project=run.project,
                url=run.url,
                notes=run.notes,
                description=run.description,
                commit=run.commit,
                read_only=run.read_only,
                storage_id=run.storage_id,
                config=run.config,
                summary=dict(run.summary_metrics),
                system_metrics=run.system_metrics,
                history_keys=json.loads(history) if isinstance(history, str) else history,
                history_line_count=run._attrs.get("historyLineCount"),
            )


def file_row(file):
    return {
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


def files(path):
    for run in list_runs(path, full=False, per_page=1000):
        for file in run.files(per_page=1000):
            say(run="/".join(run.path), **file_row(file))


def projects(entity):
    for project in wandb.Api().projects(entity):
        say(
            id=project.id,
            name=project.name,
            entity=project.entity,
            created_at=project.created_at,
            is_benchmark=project.is_benchmark,
            url=project.url,
        )


def sweeps(path):
    entity, project = path.split("/")
    found = wandb.Api().project(project, entity).sweeps()
    for sweep in found:
        say(
            id=sweep.id,
            name=sweep.name,
            storage_id=sweep._attrs["id"],
            entity=sweep.entity,
            project=sweep.project,
            state=sweep.state,
            best_loss=sweep.best_loss,
            expected_run_count=sweep.expected_run_count,
            runs=[run.id for run in sweep.runs],
        )


def log(path, folder, url):
    entity, project = path.split("/")
    with wandb.init(entity=entity, project=project, id="maker") as run:
        for version in ("v0", "v1"):
            data = wandb.Artifact("data", type="dataset", description="rows", metadata={"version": version})
            data.add_dir(os.path.join(folder, version))
            run.log_artifact(data, aliases=["best", version + "-of-data"]).wait()
        model = wandb.Artifact("model", type="model")
        model.add_file(os.path.join(folder, "v0", "plain.txt"), name="weights/w #1.bin")
        model.add_reference(url, name="far/away.txt")
        run.log_artifact(model).wait()
        pointer = wandb.Artifact("pointer", type="model")
        pointer.add_reference("elsewhere://bucket/big.csv", name="big.csv")
        run.log_artifact(pointer).wait()
    with wandb.init(entity=entity, project=project, id="user") as run:
        run.use_artifact("data:best")
        run.use_artifact("model:latest")
    data = wandb.Api().artifact(f"{path}/data:v1")
    data.tags = ["checked"]
    data.save()


def types(path):
    api = wandb.Api()
    for found in api.artifact_types(path):
        say(id=found.id, name=found.name)
        for collection in api.artifact_collections(path, found.name):
            say(
                id=collection.id,
                name=collection.name,
                type=collection.type,
                description=collection.description,
                created_at=collection.created_at,
            )


def version_row(artifact):
    return {
        "id": artifact.id,
        "name": artifact.name,
        "type": artifact.type,
        "entity": artifact.entity,
        "project": artifact.project,
        "collection": artifact.collection.name,
        "version": artifact.version,
        "aliases": artifact.aliases,
        "tags": artifact.tags,
        "state": artifact.state,
        "size_bytes": artifact.size,
        "file_count": artifact.file_count,
        "digest": artifact.digest,
        "description": artifact.description,
        "created_at": artifact.created_at,
        "updated_at": artifact.updated_at,
    }


def versions(path, type_name, collection):
    for artifact in wandb.Api().artifacts(type_name, f"{path}/{collection}"):
        say(**version_row(artifact))


def logged(path):
    for artifact in wandb.Api().run(path).logged_artifacts():
        say(**version_row(artifact))


def used(path):
    for artifact in wandb.Api().run(path).used_artifacts():
        say(**version_row(artifact))


def artifact(name):
    for file in wandb.Api().artifact(name).files():
        say(**file_row(file))


def download(name, root):
    wandb.Api().artifact(name).download(root=root, skip_cache=True)


COMMANDS = {
    command.__name__: command
    for command in (runs, files, projects, sweeps, log, types, versions, logged, used, artifact, download)
}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    COMMANDS[command](*arguments)
