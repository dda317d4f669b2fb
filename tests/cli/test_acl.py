# SPDX-License-Identifier: Apache-2.0
"""rrsmb acl: the descriptor of a file."""
import os
import subprocess

import pytest
from conftest import ADMINS, COMMAND, EVERYONE, SYSTEM


def test_what_was_set_is_got(rrsmb, plain_file):
    assert rrsmb("acl", "set", "share", plain_file, "O:SYG:SYD:(A;;FA;;;SY)").out == ""
    assert rrsmb("acl", "get", "share", plain_file).out == SYSTEM + "\n"


def test_setting_replaces(rrsmb, plain_file):
    rrsmb("acl", "set", "share", plain_file, SYSTEM)
    rrsmb("acl", "set", "share", plain_file, ADMINS)
    assert rrsmb("acl", "get", "share", plain_file).out == ADMINS + "\n"


def test_json_has_numbers_as_strings(rrsmb, plain_file):
    rrsmb("acl", "set", "share", plain_file, SYSTEM)
    row = rrsmb("acl", "get", "--json", "share", plain_file).json
    assert row["inode"] == str(os.stat(plain_file).st_ino)
    assert row["generation"].isdigit()
    assert row["sddl"] == SYSTEM
    assert row["hash"] == rrsmb("sddl", "hash", SYSTEM).out.strip()


def test_a_path_and_its_inode_name_the_same_file(rrsmb, plain_file):
    rrsmb("acl", "set", "share", plain_file, SYSTEM)
    inode = str(os.stat(plain_file).st_ino)
    assert rrsmb("acl", "get", "share", "--inode", inode).out == SYSTEM + "\n"


def test_a_symbolic_link_names_its_target(rrsmb, plain_file, tmp_path):
    (tmp_path / "link").symlink_to(plain_file)
    rrsmb("acl", "set", "share", tmp_path / "link", SYSTEM)
    assert rrsmb("acl", "get", "share", plain_file).out == SYSTEM + "\n"


def test_a_folder_can_have_one(rrsmb, tmp_path):
    rrsmb("acl", "set", "share", tmp_path, SYSTEM)
    assert rrsmb("acl", "get", "share", tmp_path).out == SYSTEM + "\n"


def test_removed_is_not_found(rrsmb, plain_file):
    rrsmb("acl", "set", "share", plain_file, SYSTEM)
    rrsmb("acl", "rm", "share", plain_file)
    assert rrsmb("acl", "get", "share", plain_file, code=1).out == ""
    rrsmb("acl", "rm", "share", plain_file, code=1)


def test_a_file_without_one_is_exit_1(rrsmb, plain_file, tmp_path):
    rrsmb("acl", "set", "share", plain_file, SYSTEM)
    done = rrsmb("acl", "get", "share", tmp_path, code=1)
    assert done.err.startswith("rrsmb: acl get: ")


def test_a_missing_file_is_exit_1_and_makes_no_share(rrsmb, tmp_path):
    rrsmb("init")
    done = rrsmb("acl", "set", "share", tmp_path / "missing", SYSTEM, code=1)
    assert "No such file" in done.err
    assert rrsmb("share", "list").out == ""


def test_a_missing_share_is_exit_1_and_named(rrsmb, plain_file):
    rrsmb("init")
    assert "nowhere" in rrsmb("acl", "get", "nowhere", plain_file, code=1).err
    assert "nowhere" in rrsmb("acl", "rm", "nowhere", plain_file, code=1).err
    assert "nowhere" in rrsmb("acl", "list", "nowhere", code=1).err


def test_reading_creates_no_store(rrsmb, plain_file, tmp_path):
    rrsmb("acl", "get", "share", plain_file, code=1)
    assert not (tmp_path / "store").exists()


def test_bad_sddl_is_exit_3_with_a_caret_and_creates_nothing(rrsmb, plain_file, tmp_path):
    done = rrsmb("acl", "set", "share", plain_file, "O:SYG:SYD:(Z;;FA;;;SY)", code=3)
    assert done.err.splitlines()[2].strip() == "^"
    assert not (tmp_path / "store").exists()


def test_set_takes_a_domain(rrsmb, plain_file):
    rrsmb("acl", "set", "--domain", "S-1-5-21-1-2-3", "share", plain_file, "O:DAG:DA")
    assert rrsmb("acl", "get", "share", plain_file).out == "O:S-1-5-21-1-2-3-512G:S-1-5-21-1-2-3-512\n"


def test_by_inode_alone_a_new_share_has_no_generations(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "12", SYSTEM)
    assert rrsmb("share", "show", "--json", "share").json["kind"] == "none"
    assert rrsmb("acl", "get", "share", "--inode", "12").out == SYSTEM + "\n"


def test_by_inode_and_generation_a_new_share_has_explicit_ones(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "12", "--generation", "18446744073709551615", SYSTEM)
    assert rrsmb("share", "show", "--json", "share").json["kind"] == "explicit"
    assert rrsmb.rows("share") == {12: (2**64 - 1, SYSTEM)}


def test_a_row_of_another_generation_is_not_found(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "12", "--generation", "1", SYSTEM)
    rrsmb("acl", "get", "share", "--inode", "12", "--generation", "2", code=1)
    assert rrsmb("acl", "get", "share", "--inode", "12").out == SYSTEM + "\n"


def test_setting_without_a_generation_needs_a_row(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "12", "--generation", "7", SYSTEM)
    rrsmb("acl", "set", "share", "--inode", "12", ADMINS)
    assert rrsmb.rows("share") == {12: (7, ADMINS)}
    rrsmb("acl", "set", "share", "--inode", "13", SYSTEM, code=1)


def test_a_generation_in_a_share_that_has_none_is_refused(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "12", SYSTEM)
    rrsmb("acl", "set", "share", "--inode", "12", "--generation", "1", ADMINS, code=1)
    assert rrsmb.rows("share") == {12: (0, SYSTEM)}


def test_a_path_in_a_share_of_explicit_generations_is_refused(rrsmb, plain_file):
    rrsmb("acl", "set", "share", "--inode", "12", "--generation", "1", SYSTEM)
    rrsmb("acl", "set", "share", plain_file, SYSTEM, code=1)


def test_list_is_a_line_a_row(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "3", EVERYONE)
    rrsmb("acl", "set", "share", "--inode", "1", SYSTEM)
    first, second = (line.split("\t") for line in rrsmb("acl", "list", "share").lines)
    assert first == ["1", "0", rrsmb("sddl", "hash", SYSTEM).out.strip(), SYSTEM]
    assert second == ["3", "0", rrsmb("sddl", "hash", EVERYONE).out.strip(), EVERYONE]


def test_list_of_an_emptied_share_is_empty(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "1", SYSTEM)
    rrsmb("acl", "rm", "share", "--inode", "1")
    assert rrsmb("acl", "list", "share").out == ""
    assert rrsmb("acl", "list", "--json", "share").json == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
@pytest.mark.parametrize("verb", ["set", "get", "rm"])
def test_a_file_on_another_file_system_than_the_share_is_refused(rrsmb, tmp_path, verb):
    folder = tmp_path / "share"
    (folder / "mounted").mkdir(parents=True)
    rrsmb("acl", "set", "share", folder, SYSTEM)
    rrsmb("acl", "set", "share", folder / "mounted", SYSTEM)
    rows = rrsmb.rows("share")
    script = (
        'mount -t tmpfs rrsmb-test "$0/mounted" && touch "$0/mounted/file" && '
        'command=$1 store=$2 verb=$3; shift 3; '
        'exec "$command" --store "$store" acl "$verb" share "$0/mounted/file" "$@"'
    )
    sddl = [EVERYONE] if verb == "set" else []
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script, folder, COMMAND, rrsmb.store, verb, *sddl],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 1
    assert "on another file system than the root of share 'share'" in done.stderr
    assert rrsmb.rows("share") == rows


def test_a_share_whose_recorded_place_is_not_on_this_node_is_used_all_the_same(rrsmb, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("content")
    rrsmb("acl", "set", "share", tmp_path / "a" / "file", SYSTEM)
    os.rename(tmp_path / "a", tmp_path / "b")
    rrsmb("acl", "set", "share", tmp_path / "b" / "file", ADMINS)
    assert rrsmb("acl", "get", "share", tmp_path / "b" / "file").out == ADMINS + "\n"


def in_own_mounts(script, *args):
    return subprocess.run(
        ["unshare", "--mount", "bash", "-c", script, *args], capture_output=True, text=True, timeout=60
    )


def test_a_new_share_for_a_folder_is_recorded_at_that_folder(rrsmb, tmp_path):
    (tmp_path / "root").mkdir()
    rrsmb("acl", "set", "share", tmp_path / "root", SYSTEM)
    assert rrsmb("share", "show", "--json", "share").json["path"] == str(tmp_path / "root")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_a_new_share_for_a_mounted_root_is_of_the_file_system_mounted_there(rrsmb, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    script = (
        'mount -t tmpfs rrsmb-test "$0" && touch "$0/file" && '
        '"$1" --store "$2" acl set share "$0" "$3" && "$1" --store "$2" acl set share "$0/file" "$3"'
    )
    done = in_own_mounts(script, root, COMMAND, rrsmb.store, SYSTEM)
    assert (done.returncode, done.stderr) == (0, "")
    assert rrsmb("share", "show", "--json", "share").json["path"] == str(root)
    assert len(rrsmb.rows("share")) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_a_file_mounted_on_its_own_is_refused_and_makes_no_share(rrsmb, plain_file):
    rrsmb("init")
    script = (
        'mkdir "$0.d" && mount -t tmpfs rrsmb-test "$0.d" && touch "$0.d/other" && '
        'mount --bind "$0.d/other" "$0" && exec "$1" --store "$2" acl set share "$0" "$3"'
    )
    done = in_own_mounts(script, plain_file, COMMAND, rrsmb.store, SYSTEM)
    assert done.returncode == 1
    assert "is on another file system than its folder" in done.stderr
    assert rrsmb("share", "list").out == ""
