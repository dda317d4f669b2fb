# SPDX-License-Identifier: Apache-2.0
"""Runs smbtorture's suites against one VFS module and gives the outcome test by test."""

import dataclasses
import re
import time

import smbd_runner

SUITES = (
    "smb2.acls",
    "smb2.create",
    "smb2.rename",
    "smb2.dir",
    "smb2.delete-on-close-perms",
    "smb2.maximum_allowed",
    "smb2.getinfo",
    "smb2.setinfo",
    "smb2.streams",
    "smb2.sharemode",
    "smb2.winattr",
    "smb2.mkdir",
    "smb2.deny",
    "smb2.acls_non_canonical",
)
# smb2.acls.ACCESSBASED connects to a share of this name by itself.
ACCESSBASED_SHARE = "hideunread"
SUITE_SECONDS = 600


@dataclasses.dataclass
class Outcome:
    """What became of one suite."""

    tests: dict  # name -> "success", "failure", "error", "skip"
    seconds: float
    output: str

    def passed(self):
        """The names of the tests that passed."""
        return {name for name, result in self.tests.items() if result == "success"}


def parse(output):
    """Subunit text, version 1: `success: NAME`, `failure: NAME [`, and so on."""
    found = re.findall(r"^(success|failure|error|skip): (.*?)(?: \[)?$", output, re.M)
    return {name: result for result, name in found}


def run_suites(server, module, lines, suites=SUITES):
    """Run the suites over `vfs objects = MODULE streams_xattr`; gives suite -> Outcome."""
    objects = [f"vfs objects = {module} streams_xattr", f"{module}:ignore system acls = yes"]
    objects += lines
    server.add_share("torture", objects)
    server.add_share(
        ACCESSBASED_SHARE, objects + ["hide unreadable = yes"], path=server.path("torture")
    )
    server.add_share(
        "torture_non_canonical", objects + ["acl flag inherited canonicalization = no"]
    )
    with server:
        return {suite: _run_suite(server, suite) for suite in suites}


def _run_suite(server, suite):
    share = "torture_non_canonical" if suite == "smb2.acls_non_canonical" else "torture"
    started = time.monotonic()
    result = server.run(
        ["smbtorture", "--format=subunit", "--configfile", server.client_configuration]
        + ["-U", f"{smbd_runner.ANN}%{smbd_runner.PASSWORD}", f"//127.0.0.1/{share}", suite],
        check=False,
        timeout=SUITE_SECONDS,
    )
    return Outcome(parse(result.stdout), time.monotonic() - started, result.stdout)
