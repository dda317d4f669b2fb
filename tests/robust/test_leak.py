# SPDX-License-Identifier: Apache-2.0
"""Under AddressSanitizer a leak fails a Criterion test, in the environment that the tests have."""

import os
import subprocess


def run(test):
    return subprocess.run(
        [os.environ["LEAK_TEST"], f"--filter=leak/{test}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_a_leak_fails_the_run_and_is_reported():
    done = run("is_made")
    assert done.returncode != 0, done.stdout
    assert "LeakSanitizer: detected memory leaks" in done.stdout
    assert "4321 byte(s)" in done.stdout
    assert "leak_on_purpose" in done.stdout


def test_no_leak_passes():
    done = run("is_not_made")
    assert done.returncode == 0, done.stdout
    assert "Tested: 1" in done.stdout
