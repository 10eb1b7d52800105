"""Runs a command and says what it took, with every process that it waited for.

    measure.py RESULT TIMES LIMIT COMMAND...  runs COMMAND so often, its output thrown away, and writes one JSON object to RESULT:
                                              seconds of wall and of CPU for one of them, and the most memory of any, in KiB.
                                              One that takes more than LIMIT seconds is ended, which is a failure.

A process has at least the memory of the one that it was forked from, so a small program, GNU time, stands in between.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

result, times, limit, *command = sys.argv[1:]
peak = result + ".peak"
command = ["/usr/bin/time", "-f", "%M", "-o", peak, *command]


def run():
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    # A wait with a time limit of its own looks every few milliseconds, which would be measured.
    late = threading.Timer(int(limit), os.killpg, (child.pid, signal.SIGKILL))
    late.start()
    status = child.wait()
    late.cancel()
    if status == -signal.SIGKILL:
        sys.exit(f"it was not done after {limit} s")
    if status != 0:
        sys.exit(status)
    with open(peak) as file:
        return int(file.read())


# Whatever started this interpreter in its place has had children as well.
before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.perf_counter()
peaks = [run() for _ in range(int(times))]
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
row = {
    "wall": wall / int(times),
    "cpu": (used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime) / int(times),
    "peak": max(peaks),
}
with open(result, "w") as file:
    json.dump(row, file)
