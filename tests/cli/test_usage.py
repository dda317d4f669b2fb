# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, version, options, the store's URI."""
import os
import subprocess

import pytest
from conftest import COMMAND, SYSTEM


def run(*args, env=None):
    return subprocess.run(
        [COMMAND, *args], capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})}
    )


def one_line(text):
    return text.startswith("rrsmb: ") and text.count("\n") == 1 and text.endswith("\n")


def test_version_names_the_command_and_three_numbers():
    done = run("--version")
    assert done.returncode == 0
    name, version = done.stdout.split()
    assert name == "rrsmb"
    assert len(version.split(".")) == 3


def test_help_goes_to_standard_output():
    done = run("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: rrsmb ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words",
    [["init"], ["sddl", "canon"], ["acl", "set"], ["share", "list"], ["stat"], ["export"]],
)
def test_each_command_has_help(words):
    done = run(*words, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: rrsmb " + " ".join(words))


def test_a_group_has_help():
    done = run("acl", "--help")
    assert done.returncode == 0
    assert "acl set" in done.stdout and "acl list" in done.stdout
    assert "share list" not in done.stdout


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["frobnicate"],
        ["acl"],
        ["acl", "frobnicate"],
        ["--frobnicate"],
        ["-x", "stat"],
        ["stat", "--frobnicate"],
        ["stat", "--repair"],
        ["stat", "--json=yes"],
        ["--store"],
        ["stat", "--store"],
        ["stat", "superfluous"],
        ["acl", "get", "share"],
        ["acl", "get", "share", "file", "superfluous"],
        ["acl", "get", "share", "file", "--inode", "1"],
        ["acl", "get", "share", "--generation", "1", "file"],
        ["acl", "get", "share", "--inode", "twelve"],
        ["acl", "get", "share", "--inode", "-1"],
        ["acl", "get", "share", "--inode", "18446744073709551616"],
        ["acl", "set", "share", "file"],
        ["share", "rename", "old"],
        ["--store", "nonsense", "stat"],
        ["--store", "lmdb:///tmp/x?colour=blue", "stat"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_2(args):
    done = run(*args)
    assert done.returncode == 2
    assert one_line(done.stderr), done.stderr
    assert done.stdout == ""


def test_the_store_comes_from_the_environment(tmp_path):
    done = run("init", env={"RRSMB_STORE": f"lmdb://{tmp_path}/from-env"})
    assert done.returncode == 0
    assert (tmp_path / "from-env").is_dir()


def test_the_option_is_stronger_than_the_environment(tmp_path):
    done = run(
        "--store", f"lmdb://{tmp_path}/option", "init", env={"RRSMB_STORE": f"lmdb://{tmp_path}/env"}
    )
    assert done.returncode == 0
    assert (tmp_path / "option").is_dir()
    assert not (tmp_path / "env").exists()


def test_the_store_may_stand_behind_the_command(tmp_path):
    assert run("init", "--store", f"lmdb://{tmp_path}/behind").returncode == 0
    assert (tmp_path / "behind").is_dir()


def test_an_error_line_cannot_be_broken_by_its_input(tmp_path):
    done = run("--store", f"lmdb://{tmp_path}/s", "acl", "get", "a\n\x1b[2Jb", "--inode", "1")
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [["--help"], ["--version"], ["sddl", "canon", SYSTEM], ["stat"], ["acl", "list", "share"],
     ["export", "share"]],
)
def test_a_full_disk_on_standard_output_is_an_error(tmp_path, args):
    store = f"lmdb://{tmp_path}/store"
    set_up = run("--store", store, "acl", "set", "share", "--inode", "1", SYSTEM)
    assert set_up.returncode == 0, set_up.stderr
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [COMMAND, *args],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env={**os.environ, "RRSMB_STORE": store},
        )
    assert done.returncode == 5
    assert "No space left on device" in done.stderr
    assert one_line(done.stderr)


def test_a_closed_pipe_ends_the_command_without_a_word(rrsmb):
    rows = "".join(
        f'{{"inode":"{n}","generation":"0","sddl":"{SYSTEM}"}}\n' for n in range(1, 5001)
    )
    rrsmb(
        "import",
        "share",
        stdin='{"rrsmb":"export","format":1,"share":"share","kind":"none"}\n'
        + rows
        + '{"rrsmb":"end","rows":5000}\n',
    )
    done = subprocess.run(
        ["bash", "-c", '"$0" --store "$1" acl list share | head -n 1; exit ${PIPESTATUS[0]}',
         COMMAND, rrsmb.store],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 128 + 13  # SIGPIPE
    assert done.stderr == ""


@pytest.mark.parametrize(
    "name",
    [
        b"\xe0\x80\x80", b"\xe0\x82\x9b", b"\xe0\x9f\xbf", b"\xf0\x80\x82\x9b", b"\xf0\x8f\xbf\xbf",
        b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
        b"\xc0\x9b", b"\xc1\xbf", b"\xc2\x9b", b"\xc2", b"\xe2\x82", b"\x9b", b"\xff",
    ],
)
def test_bytes_that_are_no_utf8_or_controls_are_escaped_in_messages(rrsmb, name):
    argv = [os.fsencode(word) for word in rrsmb.argv("import", "share")]
    done = subprocess.run([*argv, name], capture_output=True, timeout=60)
    escaped = "".join(f"\\x{byte:02x}" for byte in name).encode()
    assert done.stderr == b"rrsmb: import: " + escaped + b": No such file or directory\n"


@pytest.mark.parametrize("name", ["\u00a0", "\u00df", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff",
                                  "\U00010000", "\U0010ffff", "~"])
def test_utf8_is_shown_as_it_is_in_messages(rrsmb, name):
    argv = [os.fsencode(word) for word in rrsmb.argv("import", "share")]
    done = subprocess.run([*argv, name.encode()], capture_output=True, timeout=60)
    assert done.stderr == b"rrsmb: import: " + name.encode() + b": No such file or directory\n"
