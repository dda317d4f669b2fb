# SPDX-License-Identifier: Apache-2.0
"""rrsmb export and import by number."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from conftest import ADMINS, EVERYONE, SYSTEM

HEADER = '{"rrsmb":"export","format":1,"share":"share","kind":"explicit"}'


def row(inode, generation=1, sddl=SYSTEM):
    return json.dumps({"inode": str(inode), "generation": str(generation), "sddl": sddl})


def end(rows):
    return json.dumps({"rrsmb": "end", "rows": rows})


def lines(*given):
    return "".join(line + "\n" for line in given)


def whole(*rows):
    return lines(HEADER, *rows, end(len(rows)))


@pytest.fixture
def filled(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "1", "--generation", "18446744073709551615", SYSTEM)
    rrsmb("acl", "set", "share", "--inode", "18446744073709551615", "--generation", "2", ADMINS)
    rrsmb("acl", "set", "share", "--inode", "3", "--generation", "9007199254740993", EVERYONE)
    return rrsmb


def test_export_is_a_header_a_line_a_row_and_a_closing_line(filled):
    header, *rows, last = [json.loads(line) for line in filled("export", "share").lines]
    assert header == {"rrsmb": "export", "format": 1, "share": "share", "kind": "explicit"}
    assert rows == [
        {"inode": "1", "generation": "18446744073709551615", "sddl": SYSTEM},
        {"inode": "3", "generation": "9007199254740993", "sddl": EVERYONE},
        {"inode": "18446744073709551615", "generation": "2", "sddl": ADMINS},
    ]
    assert last == {"rrsmb": "end", "rows": 3}


def test_import_into_a_new_share_gives_the_same_rows_and_kind(filled):
    exported = filled("export", "share").out
    assert filled("import", "copy", stdin=exported).out == "3 rows, 3 of them changed\n"
    assert filled.rows("copy") == filled.rows("share")
    assert filled("share", "show", "--json", "copy").json["kind"] == "explicit"


def test_import_again_changes_nothing(filled):
    exported = filled("export", "share").out
    filled("import", "copy", stdin=exported)
    assert filled("import", "copy", stdin=exported).out == "3 rows, 0 of them changed\n"
    assert filled.rows("copy") == filled.rows("share")


def test_import_replaces_what_differs_and_leaves_the_rest(filled):
    filled("import", "share", stdin=whole(row(1, 5, ADMINS)))
    rows = filled.rows("share")
    assert rows[1] == (5, ADMINS)
    assert rows[3] == (9007199254740993, EVERYONE)


def test_files_work_as_the_standard_streams_do(filled, tmp_path):
    path = tmp_path / "acls.jsonl"
    assert filled("export", "share", path).out == ""
    assert path.read_text() == filled("export", "share", "-").out
    assert path.stat().st_mode & 0o777 == 0o600
    filled("import", "copy", path)
    assert filled.rows("copy") == filled.rows("share")


def test_an_export_that_fails_keeps_the_file_before_and_leaves_no_other(filled, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "acls.jsonl").write_text("the one before")
    filled("export", "missing", folder / "acls.jsonl", code=1)
    filled("export", "--root", tmp_path / "missing", "share", folder / "acls.jsonl", code=1)
    assert os.listdir(folder) == ["acls.jsonl"]
    assert (folder / "acls.jsonl").read_text() == "the one before"


def test_an_export_to_a_full_disk_is_exit_5(filled):
    assert "No space left on device" in filled("export", "share", "/dev/full", code=5).err


def test_an_import_from_a_missing_file_is_exit_1(rrsmb, tmp_path):
    assert "No such file" in rrsmb("import", "share", tmp_path / "missing", code=1).err


def test_an_import_from_a_folder_is_exit_5(rrsmb, tmp_path):
    assert "Is a directory" in rrsmb("import", "share", tmp_path, code=5).err


def test_an_export_of_no_rows_can_be_imported(filled):
    for inode in ("1", "3", "18446744073709551615"):
        filled("acl", "rm", "share", "--inode", inode)
    exported = filled("export", "share").out
    assert len(exported.splitlines()) == 2
    assert filled("import", "copy", stdin=exported).out == "0 rows, 0 of them changed\n"


@pytest.mark.parametrize("name", ["größe", 'with "quotes" and \\', "a\nb\x7f", "a/b#c", "x" * 255])
def test_odd_share_names_go_through(rrsmb, name):
    rrsmb("acl", "set", name, "--inode", "1", SYSTEM)
    exported = rrsmb("export", name).out
    assert json.loads(exported.splitlines()[0])["share"] == name
    rrsmb("import", name + "2" if len(name) < 255 else "y" * 255, stdin=exported)


def test_numbers_may_be_plain_up_to_53_bits(rrsmb):
    rrsmb("import", "share", stdin=whole(
        f'{{"inode": 7, "generation": 9007199254740992, "sddl": "{SYSTEM}"}}'))
    assert rrsmb.rows("share") == {7: (2**53, SYSTEM)}


def test_any_sddl_is_read_and_stored_canonical(rrsmb):
    rrsmb("import", "share", stdin=whole(row(1, 1, "O:SYG:SYD:(A;;FA;;;SY)")))
    assert rrsmb.rows("share") == {1: (1, SYSTEM)}


def test_escapes_in_a_line_mean_their_characters(rrsmb):
    text = "".join(f"\\u{ord(character):04x}" for character in SYSTEM)
    rrsmb("import", "share", stdin=whole(f'{{"inode":"1","generation":"1","sddl":"{text}"}}'))
    assert rrsmb.rows("share") == {1: (1, SYSTEM)}


def test_a_last_line_needs_no_newline_and_lines_may_end_as_windows_has_it(rrsmb):
    rrsmb("import", "share", stdin=whole(row(1)).rstrip("\n").replace("\n", "\r\n"))
    assert rrsmb.rows("share") == {1: (1, SYSTEM)}


BAD_LINES = {
    "no json": "nonsense",
    "an empty line": "",
    "an array": "[]",
    "cut": row(2)[:-1],
    "something after it": row(2) + " x",
    "two objects": row(2) + row(3),
    "no sddl": '{"inode":"2","generation":"1"}',
    "no inode": f'{{"generation":"1","sddl":"{SYSTEM}"}}',
    "only a path": f'{{"path":"a","sddl":"{SYSTEM}"}}',
    "an unknown member": f'{{"inode":"2","generation":"1","owner":"x","sddl":"{SYSTEM}"}}',
    "a member twice": f'{{"inode":"2","inode":"3","generation":"1","sddl":"{SYSTEM}"}}',
    "a nested value": f'{{"inode":{{}},"generation":"1","sddl":"{SYSTEM}"}}',
    "a negative inode": f'{{"inode":-2,"generation":"1","sddl":"{SYSTEM}"}}',
    "a fraction": f'{{"inode":2.0,"generation":"1","sddl":"{SYSTEM}"}}',
    "a number over 53 bits": f'{{"inode":9007199254740993,"generation":"1","sddl":"{SYSTEM}"}}',
    "an inode over 64 bits": row(2**64),
    "an inode in words": row("two"),
    "sddl that is a number": '{"inode":"2","generation":"1","sddl":5}',
    "bad sddl": row(2, 1, "O:SYG:SYD:(Z;;FA;;;SY)"),
    "sddl that needs a domain": row(2, 1, "O:DA"),
    "an unknown escape": '{"inode":"2","generation":"1","sddl":"\\q"}',
    "half a surrogate pair": '{"inode":"2","generation":"1","sddl":"\\ud800"}',
    "an escaped zero byte": '{"inode":"2","generation":"1","sddl":"O:SY\\u0000"}',
    "an escape of wrong digits": '{"inode":"2","generation":"1","sddl":"O:SY\\u00zz"}',
    "an escape cut off": '{"inode":"2","generation":"1","sddl":"O:SY\\u00"}',
    "a literal": '{"inode":"2","generation":"1","sddl":null}',
    "a nested list": f'{{"inode":"2","generation":["1"],"sddl":"{SYSTEM}"}}',
    "a list of one row": f"[{row(2)}]",
    "a comma too many": row(2)[:-1] + ",}",
    "more members than any line has": "{" + ",".join(f'"m{n}":1' for n in range(50)) + "}",
    "a number that begins with 0": f'{{"inode":02,"generation":"1","sddl":"{SYSTEM}"}}',
    "a number with an exponent": f'{{"inode":2e1,"generation":"1","sddl":"{SYSTEM}"}}',
    "a control character between members": row(2).replace(",", ",\f", 1),
    "a control character": '{"inode":"2","generation":"1","sddl":"O:\tSY"}',
    "a second header": HEADER,
    "a closing line that counts wrongly": end(2),
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_exit_3_named_by_number_and_the_rows_before_are_taken(rrsmb, line):
    done = rrsmb("import", "share", stdin=lines(HEADER, row(1), line, row(4), end(3)), code=3)
    assert "line 3" in done.err
    assert "the 1 rows before it were taken" in done.err
    assert done.err.count("\n") == 1
    assert rrsmb.rows("share") == {1: (1, SYSTEM)}


@pytest.mark.parametrize(
    ("line", "byte"),
    [('{"inode":"2","generation":"1","sddl":7}', 38),
     ('{"inode" : [],"generation":"1","sddl":"O:SY"}', 12),
     ('{"inode":"2","other":"1","sddl":"O:SY"}', 14),
     ('{"inode":"2","inode":"1","sddl":"O:SY"}', 14),
     ('{"inode":"2","generation":"1","sddl":"O:SY\\u0000"}', 43),
     ('{"inode":"2","generation":"1","sddl":"O:SY"} x', 46)],
)
def test_a_bad_line_is_named_with_its_byte(rrsmb, line, byte):
    done = rrsmb("import", "share", stdin=lines(HEADER, line), code=3)
    assert f"line 2, byte {byte}:" in done.err


@pytest.mark.parametrize("raw", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0"])
def test_bytes_that_are_no_utf8_are_exit_3(rrsmb, raw):
    bad = b'{"inode":"2","generation":"1","sddl":"O:SY' + raw + b'"}\n'
    done = rrsmb("import", "share", stdin=lines(HEADER).encode() + bad, code=3)
    assert "line 2, byte 43" in done.err


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", row(1), end(0),
     '{"rrsmb":"export","format":1,"share":"s"}',
     '{"rrsmb":"export","format":1,"kind":"none"}',
     '{"rrsmb":"export","format":0,"share":"s","kind":"none"}',
     '{"rrsmb":"export","format":1,"share":"s","kind":"odd"}',
     '{"rrsmb":"other","format":1,"share":"s","kind":"none"}'],
)
def test_a_bad_header_is_exit_3_and_makes_no_share(rrsmb, header):
    rrsmb("init")
    assert "line 1" in rrsmb("import", "share", stdin=lines(header, row(1), end(1)), code=3).err
    assert rrsmb("share", "list").out == ""


def test_nothing_at_all_is_exit_3(rrsmb):
    assert "line 1" in rrsmb("import", "share", stdin="", code=3).err


def test_a_later_format_is_refused_with_both_numbers(rrsmb):
    later = '{"rrsmb":"export","format":2,"share":"s","kind":"none","new":"member"}\n'
    done = rrsmb("import", "share", stdin=later, code=1)
    assert "format 2" in done.err and "up to 1" in done.err


def test_another_kind_than_the_share_has_is_refused(rrsmb):
    rrsmb("acl", "set", "share", "--inode", "1", SYSTEM)
    rrsmb("import", "share", stdin=whole(row(2)), code=1)
    assert rrsmb.rows("share") == {1: (0, SYSTEM)}


@pytest.mark.parametrize("cut", [1, 20, 60, 61, 200])
def test_a_cut_export_is_noticed_wherever_it_was_cut(rrsmb, cut):
    text = whole(row(1), row(2), row(3))
    done = rrsmb("import", "share", stdin=text[:-cut], code=0 if cut == 1 else 3)
    if cut > 1:
        assert "rows before it were taken" in done.err


def test_an_export_without_its_closing_line_says_that_it_was_cut_off(rrsmb):
    done = rrsmb("import", "share", stdin=lines(HEADER, row(1), row(2)), code=3)
    assert "line 4" in done.err and "cut off" in done.err
    assert set(rrsmb.rows("share")) == {1, 2}


def test_what_follows_the_closing_line_is_refused(rrsmb):
    done = rrsmb("import", "share", stdin=whole(row(1)) + row(2) + "\n", code=3)
    assert "line 4" in done.err
    assert set(rrsmb.rows("share")) == {1}


def test_a_line_of_any_length_in_the_limit_is_read_and_a_longer_one_refused(rrsmb):
    blanks = " " * (4 * 1024 * 1024 - len(row(1)))
    rrsmb("import", "share", stdin=whole(row(1) + blanks))
    done = rrsmb("import", "share", stdin=whole(row(2), row(3) + blanks + " "), code=3)
    assert "line 3" in done.err and "4194304" in done.err
    assert set(rrsmb.rows("share")) == {1, 2}


def test_a_line_without_an_end_does_not_fill_the_memory(rrsmb):
    with open("/dev/zero", "rb") as endless:
        importing = subprocess.Popen(rrsmb.argv("import", "share"), stdin=endless,
                                     stderr=subprocess.PIPE)
        said = importing.stderr.read()
        _, status, usage = os.wait4(importing.pid, 0)
        importing.returncode = os.waitstatus_to_exitcode(status)
    assert importing.returncode == 3
    assert b"line 1" in said
    assert usage.ru_maxrss < 256 * 1024  # KiB


@pytest.mark.parametrize(
    ("begin", "unit"),
    [("", "["), ("[", "{},"), ("", '{"a":'), ('{"inode":[', "0,"), ("{", '"a":0,'), ("{", ":")],
)
def test_a_line_of_many_values_does_not_fill_the_memory(rrsmb, begin, unit):
    line = begin + unit * ((4 * 1024 * 1024 - len(begin)) // len(unit))
    (rrsmb.folder / "line").write_text(lines(HEADER, line))
    importing = subprocess.Popen(rrsmb.argv("import", "share", rrsmb.folder / "line"),
                                 stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(importing.pid, 0)
    importing.returncode = os.waitstatus_to_exitcode(status)
    assert importing.returncode == 3
    assert usage.ru_maxrss < 128 * 1024  # KiB


def many(count):
    """Many rows with few descriptors, as shares have them."""
    return [row(n, 1, f"O:S-1-5-{n % 7}G:S-1-5-18") for n in range(1, count + 1)]


def test_many_rows_come_back_as_they_were(rrsmb):
    exported = whole(*many(10000))
    rrsmb("import", "share", stdin=exported)
    assert rrsmb("stat", "--json").json["descriptors"] == 7
    assert len(rrsmb.rows("share")) == 10000
    again = rrsmb("export", "share").out
    assert rrsmb("import", "share", stdin=again).out == "10000 rows, 0 of them changed\n"


def test_more_descriptors_than_are_remembered_come_through(rrsmb):
    rows = [row(n, 1, f"O:S-1-5-21-{n}G:S-1-5-18") for n in range(1, 9001)]
    rrsmb("import", "share", stdin=whole(*rows))
    assert rrsmb("stat", "--json").json["descriptors"] == 9000
    stored = rrsmb.rows("share")
    assert all(stored[n] == (1, f"O:S-1-5-21-{n}G:S-1-5-18") for n in range(1, 9001))


def test_a_killed_import_leaves_a_good_store_and_can_be_run_again(rrsmb):
    rows = many(40000)
    rrsmb("init")
    importing = subprocess.Popen(rrsmb.argv("import", "share"), stdin=subprocess.PIPE)
    # Not the end: the command is then surely in the middle when it is killed.
    importing.stdin.write(lines(HEADER, *rows[:30000]).encode())
    importing.stdin.flush()
    deadline = time.monotonic() + 60
    while rrsmb("stat", "--json").json["rows"] == 0:
        assert time.monotonic() < deadline
    os.kill(importing.pid, signal.SIGKILL)
    importing.stdin.close()
    assert importing.wait(60) == -signal.SIGKILL

    taken = rrsmb.rows("share")
    assert 0 < len(taken) < 40000
    assert sorted(taken) == list(range(1, len(taken) + 1))
    rrsmb("fsck")
    changed = 40000 - len(taken)
    done = rrsmb("import", "share", stdin=whole(*rows))
    assert done.out == f"40000 rows, {changed} of them changed\n"
    rrsmb("fsck")


def test_progress_is_shown_on_a_terminal_and_wiped_away(rrsmb, tmp_path):
    path = tmp_path / "acls.jsonl"
    path.write_text(whole(*many(100)))
    ours, theirs = os.openpty()
    subprocess.run(rrsmb.argv("import", "share", path), stderr=theirs, stdout=subprocess.DEVNULL,
                   check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 10000).decode()
    os.close(ours)
    assert shown.startswith("\rimport: 100\x1b[K")
    assert shown.endswith("\r\x1b[K")


def test_progress_is_not_shown_elsewhere(rrsmb):
    assert rrsmb("import", "share", stdin=whole(*many(100))).err == ""


def test_an_export_to_a_link_replaces_what_it_names_and_keeps_the_link(filled, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "acls").write_text("before")
    link = tmp_path / "latest"
    link.symlink_to("disk/acls")
    filled("export", "share", link)
    assert os.readlink(link) == "disk/acls"
    assert (folder / "acls").read_text() == filled("export", "share").out
    assert os.listdir(folder) == ["acls"]


def test_an_export_to_a_link_to_nothing_is_refused_and_keeps_the_link(filled, tmp_path):
    link = tmp_path / "latest"
    link.symlink_to("gone")
    assert "No such file" in filled("export", "share", link, code=1).err
    assert os.readlink(link) == "gone"
    assert not (tmp_path / "gone").exists()


STRACE = shutil.which("strace")


@pytest.mark.skipif(
    not STRACE or subprocess.run([STRACE, "-o", "/dev/null", "true"], capture_output=True).returncode,
    reason="strace is not there or not allowed",
)
def test_an_export_is_on_disk_under_its_name_before_the_command_ends(filled, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    log = tmp_path / "calls"
    subprocess.run(
        [STRACE, "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o", log,
         *filled.argv("export", "share", folder / "acls")],
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, check=True, timeout=60,
    )
    where = re.escape(str(folder))
    calls = re.findall(rf"^(fsync\(\d+<{where}/acls\.|rename|fsync\(\d+<{where}>)", log.read_text(), re.M)
    assert [call.split("(")[0] for call in calls] == ["fsync", "rename", "fsync"]
    assert calls[2].endswith(f"<{folder}>")
