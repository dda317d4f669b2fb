# SPDX-License-Identifier: Apache-2.0
"""A change is on disk before it is acknowledged: seen from the system calls of `acknowledge`."""

import os
import re
import shutil
import subprocess

import pytest

STRACE = shutil.which("strace")
WRITES = "write,writev,pwrite64,pwritev,pwritev2"
SYNCS = "fsync,fdatasync,sync,syncfs,sync_file_range,msync"
CHANGES = [
    "share-create",
    "put-first",
    "put-known-descriptor",
    "put-again",
    "put-many",
    "merge",
    "remove",
    "share-rename",
    "share-remove",
]


def may_trace():
    return STRACE and subprocess.run([STRACE, "-o", "/dev/null", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not may_trace(), reason="strace is not there or not allowed")


def trace(folder, query):
    """{change: its calls on the data file before the acknowledgement}, in letters: d(ata written),
    s(ynced), m(eta page written through a descriptor that waits for the disk)."""
    log = folder / "calls"
    done = subprocess.run(
        [STRACE, "-f", "-y", "-s", "64", "-e", f"trace=openat,{WRITES},{SYNCS}", "-o", log]
        + [os.environ["ACKNOWLEDGE"], f"lmdb://{folder}/store{query}"],
        # LeakSanitizer does not work in a traced process.
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return by_change(log.read_text().splitlines())


def by_change(lines):
    changes, letters, waiting = {}, "", set()
    for line in lines:
        if told := re.search(r'write\(1<.*"acknowledged ([a-z-]+)\\n"', line):
            changes[told[1]] = letters
            letters = ""
        elif opened := re.search(r"openat\(.*O_D?SYNC.* = (\d+)<[^>]*/data\.mdb>", line):
            waiting.add(opened[1])
        elif call := re.search(r"\b([a-z0-9_]+)\((\d+)<[^>]*/data\.mdb>.* = (\d+)$", line):
            letters += letter(call[1], call[2] in waiting)
        elif re.search(r"\b(sync|msync)\(", line):
            letters += "s"
    changes["end"] = letters
    return changes


def letter(call, waits):
    if call in SYNCS.split(","):
        return "s"
    return "m" if waits else "d"


@pytest.mark.parametrize("query", ["", "?sync=commit"])
def test_data_then_meta_page_are_on_disk_before_the_acknowledgement(tmp_path, query):
    changes = trace(tmp_path, query)
    assert set(changes) == {"open", *CHANGES, "read", "end"}
    for change in CHANGES:
        assert re.fullmatch(r"(d+sm)+", changes[change]), (change, changes[change])
    assert changes["read"] == changes["end"] == ""


def test_nothing_waits_for_the_disk_with_sync_none(tmp_path):
    changes = trace(tmp_path, "?sync=none")
    assert set(changes) == {"open", *CHANGES, "read", "end"}
    for change in CHANGES:
        assert re.fullmatch(r"d+", changes[change]), (change, changes[change])
    assert changes["read"] == changes["end"] == ""
