# SPDX-License-Identifier: Apache-2.0
"""Runs the command with a store of the test's own."""
import json
import os
import subprocess

import pytest

COMMAND = os.environ.get("RRSMB_COMMAND", "rrsmb")

# Canonical descriptors, and one in words.
SYSTEM = "O:S-1-5-18G:S-1-5-18D:(A;;0x1f01ff;;;S-1-5-18)"
ADMINS = "O:S-1-5-32-544G:S-1-5-32-544D:P(A;OICI;0x1f01ff;;;S-1-5-32-544)"
EVERYONE = "O:S-1-5-18G:S-1-5-18D:AI(A;ID;0x1200a9;;;S-1-1-0)"


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode("utf-8", "backslashreplace")
        self.err = done.stderr.decode("utf-8", "backslashreplace")
        self.lines = self.out.splitlines()

    @property
    def json(self):
        return json.loads(self.out)


class Rrsmb:
    """The command with `--store` set; calling it checks the exit code."""

    def __init__(self, folder):
        self.folder = folder
        self.store = f"lmdb://{folder}/store"

    def argv(self, *args):
        return [COMMAND, "--store", self.store, *args]

    def __call__(self, *args, code=0, stdin=b"", stdout=subprocess.PIPE, env=None):
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run(
            self.argv(*args),
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            timeout=120,
        )
        done.stdout = done.stdout or b""
        result = Result(done)
        assert result.code == code, f"exit {result.code}, not {code}: {result.err}{result.out}"
        return result

    def rows(self, share):
        """The rows of a share as {inode: (generation, sddl)}."""
        return {
            int(row["inode"]): (int(row["generation"]), row["sddl"])
            for row in self("acl", "list", "--json", share).json
        }


@pytest.fixture
def rrsmb(tmp_path):
    return Rrsmb(tmp_path)


@pytest.fixture
def plain_file(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text("content")
    return path
