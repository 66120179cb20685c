"""How long `import skseg` takes over the parts of scikit-learn and scikit-image that it stands on.

python tests/benchmarks/import_time.py
"""

import os
import statistics
import subprocess
import sys
import tempfile

N_RUNS = 15
CODE = """
import time
begin = time.perf_counter()
import sklearn.cluster, sklearn.model_selection, sklearn.pipeline, skimage.color
middle = time.perf_counter()
import skseg
print(1e3 * (middle - begin), 1e3 * (time.perf_counter() - middle))
"""


def main():
    with tempfile.TemporaryDirectory() as compiled:  # as pip leaves an installed package
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        runs = [
            subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
            for _ in range(N_RUNS + 1)
        ]
    base, own = zip(*(map(float, run.stdout.split()) for run in runs[1:]), strict=True)  # the first run compiles
    for name, times in (("scikit-learn and scikit-image's color", base), ("skseg over them", own)):
        print(f"{name}: {statistics.median(times):.1f} ms, {min(times):.1f} to {max(times):.1f}")


if __name__ == "__main__":
    main()
