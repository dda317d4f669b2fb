# SPDX-License-Identifier: Apache-2.0
"""rrsmb init, stat, fsck: the store as a whole."""
import json
import os
import resource
import signal
import subprocess

import pytest
from conftest import ADMINS, COMMAND, SYSTEM


def test_init_creates_and_then_says_that_it_exists(rrsmb, tmp_path):
    assert rrsmb("init").out.endswith(": created\n")
    assert (tmp_path / "store").is_dir()
    assert rrsmb("init").out.endswith(": exists\n")


def test_init_with_create_0_is_refused(rrsmb, tmp_path):
    rrsmb.store += "?create=0"
    rrsmb("init", code=1)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("args", [["stat"], ["fsck"], ["share", "list"], ["export", "share"]])
def test_a_store_that_is_not_there_is_exit_1_and_not_created(rrsmb, tmp_path, args):
    done = rrsmb(*args, code=1)
    assert str(tmp_path / "store") in done.err
    assert not (tmp_path / "store").exists()


def test_a_file_is_no_store(rrsmb, plain_file):
    rrsmb.store = f"lmdb://{plain_file}"
    assert rrsmb("init", code=2).err.startswith("rrsmb: init: ")
    assert plain_file.read_text() == "content"


def test_stat_counts_rows_and_distinct_descriptors(rrsmb):
    for inode in range(1, 5):
        rrsmb("acl", "set", "share", "--inode", str(inode), SYSTEM)
    rrsmb("acl", "set", "share", "--inode", "5", ADMINS)
    sizes = {
        text: len(rrsmb("sddl", "encode", text).out.strip()) // 2 for text in (SYSTEM, ADMINS)
    }
    stat = rrsmb("stat", "--json").json
    assert (stat["shares"], stat["rows"], stat["descriptors"]) == (1, 5, 2)
    assert stat["descriptor_bytes"] == sizes[SYSTEM] + sizes[ADMINS]
    assert stat["logical_bytes"] == 4 * sizes[SYSTEM] + sizes[ADMINS]
    assert stat["ratio"] == pytest.approx(stat["logical_bytes"] / stat["descriptor_bytes"])
    assert stat["stored_bytes"] >= stat["descriptor_bytes"]


def test_stat_is_readable(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "1", SYSTEM)
    lines = dict(line.split(":", 1) for line in rrsmb("stat").lines)
    assert lines["rows"].strip() == "1"
    assert lines["ratio"].strip() == "1.0"


def test_fsck_of_a_good_store_is_exit_0(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "1", SYSTEM)
    assert rrsmb("fsck").out == "1 rows, 1 descriptors: clean\n"
    assert rrsmb("fsck", "--repair").out == "1 rows, 1 descriptors: clean\n"
    assert rrsmb("fsck", "--json").json == {
        "problems": [], "rows": 1, "descriptors": 1, "found": 0, "repaired": 0,
    }


@pytest.fixture
def damaged(rrsmb, tmp_path):
    """A store in whose file one byte of a stored descriptor was changed."""
    rrsmb("acl", "set", "share", "--inode", "1", SYSTEM)
    binary = bytes.fromhex(rrsmb("sddl", "encode", SYSTEM).out)
    (name,) = (
        path for path in (tmp_path / "store").rglob("*")
        if path.is_file() and binary in path.read_bytes()
    )
    content = bytearray(name.read_bytes())
    at = -1
    while (at := content.find(binary, at + 1)) >= 0:
        content[at + len(binary) - 1] ^= 1  # the last sub-authority of a SID
        at += len(binary)
    name.write_bytes(content)
    return rrsmb


def test_a_changed_descriptor_is_damage_and_access_is_denied(damaged):
    done = damaged("acl", "get", "share", "--inode", "1", code=4)
    assert done.out == ""


def test_fsck_finds_a_changed_descriptor_and_never_removes_its_row(damaged):
    assert "bad_descriptor" in damaged("fsck", code=4).out
    report = damaged("fsck", "--repair", "--json", code=4).json
    assert {problem["kind"] for problem in report["problems"]} == {"bad_descriptor"}
    assert report["repaired"] == 0
    damaged("acl", "get", "share", "--inode", "1", code=4)


def test_list_and_export_show_damage_and_go_on(damaged):
    damaged("acl", "set", "share", "--inode", "2", ADMINS)
    first, second = damaged("acl", "list", "share", code=4).lines
    assert first.split("\t")[3].startswith("error: ")
    assert second.split("\t")[3] == ADMINS
    done = damaged("export", "share", code=4)
    assert len(done.lines) == 3  # header, one row, closing line
    assert "1 damaged rows were left out" in done.err


@pytest.fixture
def unreadable(rrsmb, tmp_path):
    """A share of three rows in whose file one byte of the row between was changed."""
    for inode in (1, 2, 3):
        rrsmb("acl", "set", "share", "--inode", str(inode), SYSTEM)
    row = (2).to_bytes(8, "big") + bytes.fromhex(rrsmb("sddl", "hash", SYSTEM).out)
    (name,) = (
        path for path in (tmp_path / "store").rglob("*")
        if path.is_file() and row in path.read_bytes()
    )
    name.write_bytes(name.read_bytes().replace(row, row[:-1] + bytes([row[-1] ^ 1])))
    return rrsmb


def test_list_gives_all_readable_rows_and_names_the_one_that_is_not(unreadable):
    done = unreadable("acl", "list", "share", code=4)
    assert [line.split("\t")[0] for line in done.lines] == ["1", "3"]
    assert done.err == "rrsmb: acl list: inode 2: the row cannot be read: left out\n"
    done = unreadable("acl", "list", "--json", "share", code=4)
    assert [row["inode"] for row in done.json] == ["1", "3"]


def test_export_leaves_an_unreadable_row_out_and_says_so(unreadable):
    done = unreadable("export", "share", code=4)
    assert len(done.lines) == 4  # header, two rows, closing line
    assert "left out: inode 2 " in done.err
    assert "1 damaged rows were left out" in done.err


def test_export_by_path_goes_past_an_unreadable_row(unreadable, tmp_path):
    (tmp_path / "empty").mkdir()
    done = unreadable("export", "--root", tmp_path / "empty", "share")
    assert "3 rows belong to no file below" in done.err


def test_setting_anew_mends_a_damaged_row(damaged):
    damaged("acl", "set", "share", "--inode", "1", ADMINS)
    assert damaged("acl", "get", "share", "--inode", "1").out == ADMINS + "\n"


@pytest.mark.skipif(
    subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", COMMAND, "--version"]).returncode != 0,
    reason="another user cannot reach the build folder",
)
@pytest.mark.skipif(os.geteuid() != 0, reason="changes the owner of the store")
def test_a_store_of_somebody_else_cannot_be_reached(rrsmb, tmp_path):
    rrsmb("init")
    os.chmod(tmp_path, 0o755)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", *rrsmb.argv("stat")],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 5
    assert "ermission denied" in done.stderr


MANY = 400


@pytest.fixture
def much_damage(rrsmb, tmp_path):
    """A store in which every one of many descriptors was changed: more problems than pipes hold."""
    texts = [f"O:S-1-5-21-{1000 + number}G:S-1-5-18" for number in range(MANY)]
    rows = [{"inode": str(inode + 1), "sddl": text} for inode, text in enumerate(texts)]
    header = {"rrsmb": "export", "format": 1, "share": "share", "kind": "none"}
    lines = [header, *rows, {"rrsmb": "end", "rows": MANY}]
    rrsmb("import", "share", stdin="".join(json.dumps(line) + "\n" for line in lines))
    binaries = rrsmb("sddl", "encode", stdin="".join(text + "\n" for text in texts)).lines
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for binary in map(bytes.fromhex, binaries):
                content = content.replace(binary, binary[:-1] + bytes([binary[-1] ^ 1]))
            path.write_bytes(content)
    return rrsmb


def test_fsck_lists_every_problem(much_damage):
    report = much_damage("fsck", "--json", code=4).json
    assert report["found"] == len(report["problems"]) == MANY
    assert len(much_damage("fsck", code=4).lines) == MANY + 1


def test_who_reads_a_repair_slowly_keeps_no_writer_waiting(much_damage):
    fsck = subprocess.Popen(much_damage.argv("fsck", "--repair"), stdout=subprocess.PIPE, bufsize=0,
                            pipesize=4096)
    try:
        assert len(fsck.stdout.read(1)) == 1  # it prints, and has more than the pipe takes
        much_damage("acl", "set", "other", "--inode", "1", SYSTEM)
        assert fsck.poll() is None
        fsck.communicate(timeout=60)
        assert fsck.returncode == 4
    finally:
        fsck.kill()
        fsck.wait()


def test_a_check_that_cannot_keep_its_problems_says_so_in_whole_json(much_damage):
    def without_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = subprocess.run(much_damage.argv("fsck", "--json"), capture_output=True, text=True,
                          timeout=60, preexec_fn=without_room)
    assert done.returncode == 5
    assert json.loads(done.stdout) == {"problems": []}
    assert "a temporary file for the problems: File too large" in done.stderr
