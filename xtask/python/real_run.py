"""What a training script does with the SDK, on the server that WANDB_BASE_URL names, and what can be read of it.

    real_run.py log RUN FOLDER [fail]   logs a run as RUN, from FOLDER, where it makes its files; with `fail` it ends with
                                        an exception. WANDB_MODE=offline keeps all of it on disk.
    real_run.py resume RUN FOLDER       logs more steps into a run that is there
    real_run.py read RUN                prints what the public Api tells of a run, as one JSON object
"""

import json
import os
import sys

import wandb


def start(path, folder, **more):
    entity, project, run_id = path.split("/")
    os.chdir(folder)
    settings = wandb.Settings(code_dir=folder, disable_git=True)
    return wandb.init(entity=entity, project=project, id=run_id, settings=settings, **more)


def log(path, folder, *fail):
    config = {"lr": 0.1, "layers": [8, 4], "name": "Zoë"}
    run = start(path, folder, config=config, tags=["real"], notes="a note", group="a group", job_type="train")
    with open("weights.bin", "wb") as weights:
        weights.write(bytes(range(256)) * 1000 + run.id.encode())
    os.makedirs("nested/deep")
    with open("nested/deep/notes.txt", "w") as notes:
        notes.write("kept with its folders\n")
    with open("train.py", "w") as code:
        code.write(f"print('training {run.id}')\n")
    run.save("weights.bin", policy="now")
    run.save("nested/deep/notes.txt", base_path=".", policy="end")
    run.log_code(".")
    for step in range(50):
        run.log({"loss": 1 / (step + 1), "squared": step * step})
        print(f"step {step}")
    run.log({"table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
    run.summary["best"] = 0.02
    artifact = wandb.Artifact("model-of-" + run.id, type="model")
    artifact.add_file("weights.bin")
    run.log_artifact(artifact)
    if fail:
        raise ValueError("the script fails here")
    run.finish()


def resume(path, folder):
    run = start(path, folder, resume="must")
    for _ in range(5):
        run.log({"loss": 0.01})
    run.finish()


def read(path):
    run = wandb.Api().run(path)
    rows = list(run.scan_history(keys=["_step", "loss"]))
    row = {
        "state": run.state,
        "tags": run.tags,
        "notes": run.notes,
        "group": run.group,
        "job_type": run.job_type,
        "config": run.config,
        "summary": {key: run.summary[key] for key in ("loss", "squared", "best")},
        "last_step": run.lastHistoryStep,
        "steps": [row["_step"] for row in rows],
        "losses": [row["loss"] for row in rows],
        "sampled": len(run.history(keys=["loss"], samples=10, pandas=False)),
        "artifacts": sorted(artifact.name.split(":")[0] for artifact in run.logged_artifacts()),
    }
    print(json.dumps(row))


COMMANDS = {"log": log, "resume": resume, "read": read}

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    COMMANDS[command](*arguments)
