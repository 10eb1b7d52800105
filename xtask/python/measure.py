"""Runs a command and says what it took, with every process that it waited for.

    measure.py RESULT TIMES COMMAND...  runs COMMAND so often, its output thrown away, and writes one JSON object to RESULT:
                                        seconds of wall and of CPU for one of them, and the most memory of any, in KiB
"""

import json
import resource
import subprocess
import sys
import time

result, times, *command = sys.argv[1:]
# Whatever started this interpreter in its place has had children as well.
before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.perf_counter()
for _ in range(int(times)):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(done.returncode)
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
row = {
    "wall": wall / int(times),
    "cpu": (used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime) / int(times),
    "peak": used.ru_maxrss,
}
with open(result, "w") as file:
    json.dump(row, file)
