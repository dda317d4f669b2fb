# SPDX-License-Identifier: Apache-2.0
"""What the Samba tests share."""

import os
import pathlib

import pytest
import smbd_runner

# Lines for the end of the run, so that they are seen without -s.
summary_lines = []


def pytest_terminal_summary(terminalreporter):
    """Print what tests left to be printed."""
    for line in summary_lines:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def build():
    """The folder of the build under test."""
    folder = os.environ.get("RRSMB_BUILD")
    assert folder, "RRSMB_BUILD must name the build folder (meson test sets it)"
    return pathlib.Path(folder)


@pytest.fixture(scope="module")
def server_with(build):
    """Gives a function that starts a server with shares {name: extra lines} over acl_ddb."""
    servers = []

    def start(shares, module="acl_ddb"):
        server = smbd_runner.Server(build)
        servers.append(server)
        for name, lines in shares.items():
            server.add_share(
                name,
                [
                    f"vfs objects = {module} streams_xattr",
                    f"{module}:ignore system acls = yes",
                    f"{module}:store = {server.store_uri}",
                    *lines,
                ],
            )
        return server.start()

    yield start
    for server in servers:
        server.stop()
