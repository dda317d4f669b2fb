# SPDX-License-Identifier: Apache-2.0
"""The manual page says what the command does, and the other way round."""
import os
import re
import subprocess

from conftest import COMMAND

PAGE = os.environ["RRSMB_MAN_PAGE"]


def help_text(*words):
    return subprocess.run(
        [COMMAND, *words, "--help"], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def commands_in_help():
    listed = help_text().split("Commands:\n")[1].split("\n\n")[0]
    # "  acl set SHARE FILE SDDL      give a file a descriptor": the words before an operand.
    return {
        " ".join(re.match(r"  ((?:[a-z]+ ?)+?)(?: \[?[A-Z]|  )", line).group(1).split())
        for line in listed.splitlines()
    }


def commands_in_page():
    section = page().split(".Sh COMMANDS\n")[1].split("\n.Sh ")[0]
    return {
        re.match(r"((?:[a-z]+ ?)+)", entry).group(1).strip()
        for entry in re.findall(r"^\.It Cm (.*)$", section, re.M)
    }


def test_the_page_has_no_lint_warnings():
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", PAGE], capture_output=True, text=True, timeout=60
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_page_and_help_have_the_same_commands():
    assert len(commands_in_help()) >= 18
    assert commands_in_page() == commands_in_help()


def test_page_and_help_have_the_same_options():
    in_help = set()
    for command in commands_in_help():
        in_help |= set(re.findall(r"^  --([a-z]+)", help_text(*command.split()), re.M))
    in_page = set(re.findall(r"Fl -([a-z]+)", page())) - {"version"}
    assert in_page == in_help


def test_the_page_has_every_exit_code():
    section = page().split(".Sh EXIT STATUS\n")[1].split("\n.Sh ")[0]
    assert re.findall(r"^\.It (\d)", section, re.M) == ["0", "1", "2", "3", "4", "5"]
