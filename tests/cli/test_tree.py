# SPDX-License-Identifier: Apache-2.0
"""rrsmb export and import with --root: by path, below a folder."""
import json
import os
import shutil
import subprocess

import pytest
from conftest import ADMINS, COMMAND, EVERYONE, SYSTEM

HEADER = '{"rrsmb":"export","format":1,"share":"share","kind":"none"}\n'

# Names as bytes: what file systems hold and text does not.
ODD_NAMES = [
    b"plain", b"with space", b'quo"te', b"back\\slash", b"new\nline", b"tab\tand\x7fdel", b"\x01",
    "größe".encode(), "\U0001f600".encode(), b"latin-1 \xe9", b"\xff\xfe", b"-", b"--help",
    b"...", b"%41", b"\\u0041", b"\\u0000", b"\\\\u0000", b"x" * 255, b"\xed\xa0\x80",
]


def paths(exported):
    """Paths of an export as bytes, with their descriptors."""
    rows = [json.loads(line) for line in exported.splitlines()[1:-1]]
    return {
        row["path"].encode() if "path" in row else bytes.fromhex(row["path_hex"]): row["sddl"]
        for row in rows
    }


def row(path, sddl=SYSTEM):
    return json.dumps({"path": path, "sddl": sddl}) + "\n"


def whole(*rows):
    return HEADER + "".join(rows) + json.dumps({"rrsmb": "end", "rows": len(rows)}) + "\n"


@pytest.fixture
def tree(tmp_path):
    """A folder of odd names, three levels deep, as bytes."""
    root = os.fsencode(tmp_path / "tree")
    os.makedirs(root + b"/a/b")
    for folder in (b"", b"/a", b"/a/b"):
        for name in ODD_NAMES:
            with open(root + folder + b"/" + name, "wb") as file:
                file.write(name)
    return root


def descriptor_for(path):
    """One that is different for neighbours."""
    return f"O:S-1-5-21-{len(path)}-{sum(path)}G:S-1-5-18"


def everything(root):
    found = [b"."]
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            found.append(os.path.relpath(os.path.join(folder, name), root))
    return found


@pytest.fixture
def acls(rrsmb, tree):
    """Each file of the tree has a descriptor of its own, set one by one."""
    for path in everything(tree)[:6]:
        rrsmb("acl", "set", "share", os.path.join(tree, path), descriptor_for(path))
    rows = []
    for path in everything(tree):
        known = {"path_hex": path.hex(), "sddl": descriptor_for(path)}
        rows.append(json.dumps(known) + "\n")
    rrsmb("import", "--root", tree, "share", stdin=whole(*rows))
    return {path: descriptor_for(path) for path in everything(tree)}


def test_every_name_comes_out_as_it_is(rrsmb, tree, acls):
    assert paths(rrsmb("export", "--root", tree, "share").out) == acls


def test_only_names_that_are_no_utf8_are_in_hex(rrsmb, tree, acls):
    for line in rrsmb("export", "--root", tree, "share").lines[1:-1]:
        exported = json.loads(line)
        if "path_hex" in exported:
            with pytest.raises(UnicodeDecodeError):
                bytes.fromhex(exported["path_hex"]).decode()


@pytest.mark.parametrize("elsewhere", ["/var/tmp", "/dev/shm"])
def test_a_copied_tree_gets_every_acl_back(rrsmb, tree, acls, elsewhere, request):
    copy = os.fsencode(f"{elsewhere}/rrsmb-test-{os.getpid()}-copy")
    request.addfinalizer(lambda: shutil.rmtree(copy, ignore_errors=True))
    exported = rrsmb("export", "--root", tree, "share").out
    subprocess.run(["cp", "-a", tree, copy], check=True)

    done = rrsmb("import", "--root", copy, "copy", stdin=exported)
    assert done.out == f"{len(acls)} rows, {len(acls)} of them changed\n"
    assert paths(rrsmb("export", "--root", copy, "copy").out) == acls
    for path in (b".", b"a/b/" + ODD_NAMES[9], b"a/" + ODD_NAMES[4]):
        got = rrsmb("acl", "get", "copy", os.path.join(copy, path)).out
        assert got == descriptor_for(path) + "\n"
    done = rrsmb("import", "--root", copy, "copy", stdin=exported)
    assert done.out == f"{len(acls)} rows, 0 of them changed\n"


def test_a_restored_file_gets_its_acl_though_its_inode_number_is_new(rrsmb, tree, acls):
    exported = rrsmb("export", "--root", tree, "share").out
    path = os.path.join(tree, b"plain")
    os.rename(path, path + b".old")
    shutil.copyfile(path + b".old", path)
    rrsmb("acl", "get", "share", path, code=1)
    rrsmb("import", "--root", tree, "share", stdin=exported)
    assert rrsmb("acl", "get", "share", path).out == descriptor_for(b"plain") + "\n"


def test_a_missing_file_is_reported_and_counted_and_the_others_are_taken(rrsmb, tree):
    done = rrsmb("import", "--root", tree, "share", code=1,
                 stdin=whole(row("a/gone", ADMINS), row("a/plain"), row("gone/too"), row("plain")))
    assert done.out == "2 rows, 2 of them changed\n"
    assert "line 2: a/gone: No such file" in done.err
    assert "line 4: gone/too: No such file" in done.err
    assert "2 rows were left out" in done.err
    assert rrsmb("acl", "get", "share", tree + b"/a/plain").out == SYSTEM + "\n"


def test_names_in_messages_drive_no_terminal(rrsmb, tree):
    done = rrsmb("import", "--root", tree, "share", stdin=whole(row("a\x1b[2J\nb\u009b")), code=1)
    assert "\x1b" not in done.err and "\u009b" not in done.err
    assert "a\\x1b[2J\\x0ab\\xc2\\x9b" in done.err


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "./a", "a/.", "a//b", "a/", "//"]
)
def test_a_path_that_could_lead_elsewhere_is_exit_3(rrsmb, tree, path):
    done = rrsmb("import", "--root", tree, "share", stdin=whole(row("plain"), row(path)), code=3)
    assert "line 3" in done.err and "path: expected" in done.err
    assert rrsmb("acl", "get", "share", tree + b"/plain").out == SYSTEM + "\n"


@pytest.mark.parametrize("hex_path", ["2", "zz", "610062", "2e2e", "2f"])
def test_a_bad_hex_path_is_exit_3(rrsmb, tree, hex_path):
    line = json.dumps({"path_hex": hex_path, "sddl": SYSTEM}) + "\n"
    assert "line 2" in rrsmb("import", "--root", tree, "share", stdin=whole(line), code=3).err


def test_a_row_without_a_path_is_exit_3(rrsmb, tree):
    line = json.dumps({"inode": "1", "sddl": SYSTEM}) + "\n"
    assert "path" in rrsmb("import", "--root", tree, "share", stdin=whole(line), code=3).err


def test_both_kinds_of_path_in_a_row_are_exit_3(rrsmb, tree):
    line = json.dumps({"path": "a", "path_hex": "61", "sddl": SYSTEM}) + "\n"
    rrsmb("import", "--root", tree, "share", stdin=whole(line), code=3)


def test_a_link_out_of_the_tree_is_not_followed_by_an_import(rrsmb, tree, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    os.symlink(outside, tree + b"/way-out")
    os.symlink(outside / "file", tree + b"/link")
    done = rrsmb("import", "--root", tree, "share", code=1,
                 stdin=whole(row("way-out/file"), row("way-out"), row("link")))
    assert "way-out/file: Not a directory" in done.err
    rrsmb("acl", "get", "share", outside / "file", code=1)
    rrsmb("acl", "get", "share", outside, code=1)
    # The two links are files of their own.
    exported = rrsmb("export", "--root", tree, "share").out
    assert paths(exported) == {b"way-out": SYSTEM, b"link": SYSTEM}


def test_a_link_inside_the_tree_is_not_followed_either(rrsmb, tree):
    os.symlink(b"a", tree + b"/short-cut")
    rrsmb("acl", "set", "share", tree + b"/a/plain", SYSTEM)
    assert list(paths(rrsmb("export", "--root", tree, "share").out)) == [b"a/plain"]
    rrsmb("import", "--root", tree, "share", stdin=whole(row("short-cut/plain", ADMINS)), code=1)
    assert rrsmb("acl", "get", "share", tree + b"/a/plain").out == SYSTEM + "\n"


def test_a_link_in_a_circle_ends(rrsmb, tree):
    os.symlink(b".", tree + b"/a/circle")
    rrsmb("acl", "set", "share", tree + b"/plain", SYSTEM)
    assert list(paths(rrsmb("export", "--root", tree, "share").out)) == [b"plain"]


def test_a_file_with_two_names_has_a_row_for_each(rrsmb, tree):
    os.link(tree + b"/plain", tree + b"/a/second")
    rrsmb("acl", "set", "share", tree + b"/plain", SYSTEM)
    done = rrsmb("export", "--root", tree, "share")
    assert paths(done.out) == {b"plain": SYSTEM, b"a/second": SYSTEM}
    assert "belong to no file" not in done.err


def test_rows_without_a_file_are_counted_and_said(rrsmb, tree):
    for name in (b"/plain", b"/a/plain", b"/a/b/plain"):
        rrsmb("acl", "set", "share", tree + name, SYSTEM)
    os.unlink(tree + b"/a/plain")
    done = rrsmb("export", "--root", tree, "share")
    assert sorted(paths(done.out)) == [b"a/b/plain", b"plain"]
    assert "1 rows belong to no file below" in done.err
    assert json.loads(done.lines[-1]) == {"rrsmb": "end", "rows": 2}


def test_a_part_of_a_tree_can_be_exported_alone(rrsmb, tree, acls):
    exported = paths(rrsmb("export", "--root", tree + b"/a/b", "share").out)
    assert set(exported) == {b"."} | set(ODD_NAMES)
    assert exported[b"."] == acls[b"a/b"]


def test_a_folder_with_more_files_than_a_batch_comes_through(rrsmb, tmp_path):
    root = tmp_path / "big"
    root.mkdir()
    for number in range(3000):
        (root / str(number)).touch()
    rows = [row(str(number), f"O:S-1-5-21-{number}") for number in range(3000)]
    rrsmb("import", "--root", root, "share", stdin=whole(*rows))
    exported = paths(rrsmb("export", "--root", root, "share").out)
    assert exported == {str(n).encode(): f"O:S-1-5-21-{n}" for n in range(3000)}


def test_a_deep_tree_comes_through(rrsmb, tmp_path):
    at = root = os.open(tmp_path, os.O_RDONLY)
    path = ""
    for _ in range(200):
        os.mkdir("deeper-and-deeper", dir_fd=at)
        at = os.open("deeper-and-deeper", os.O_RDONLY, dir_fd=at)
        path += "deeper-and-deeper/"
    path = path[:-1]
    rrsmb("import", "--root", tmp_path, "share", stdin=whole(row(path)))
    assert paths(rrsmb("export", "--root", tmp_path, "share").out) == {path.encode(): SYSTEM}
    assert root >= 0


def test_a_new_share_takes_the_kind_of_the_file_system_and_its_path(rrsmb, tree, acls):
    rrsmb("import", "--root", tree, "new", stdin=rrsmb("export", "--root", tree, "share").out)
    shown = rrsmb("share", "show", "--json", "new").json
    assert shown["path"] == os.fsdecode(tree)
    assert shown["kind"] == rrsmb("share", "show", "--json", "share").json["kind"]


@pytest.mark.parametrize("command", ["export", "import"])
def test_a_root_that_is_no_folder_is_said(rrsmb, plain_file, command, tmp_path):
    rrsmb("acl", "set", "share", plain_file, SYSTEM)
    done = rrsmb(command, "--root", tmp_path / "missing", "share", stdin=whole(), code=1)
    assert "missing: No such file" in done.err
    done = rrsmb(command, "--root", plain_file, "share", stdin=whole(), code=1)
    assert "Not a directory" in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_what_is_mounted_inside_is_not_entered(rrsmb, tree):
    rrsmb("acl", "set", "share", tree + b"/plain", SYSTEM)
    script = (
        'mount -t tmpfs rrsmb-test "$0/a"; touch "$0/a/inside"; '
        'store=$1; command=$2; shift 2; '
        '"$command" --store "$store" export --root "$0" share; echo "exit $?"; '
        'printf %s "$1" | "$command" --store "$store" import --root "$0" share'
    )
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script, tree, rrsmb.store,
         COMMAND, whole(row("a/inside"), row("a"), row("plain", EVERYONE))],
        capture_output=True, text=True, timeout=60, errors="backslashreplace",
    )
    assert "exit 1" in done.stdout
    assert done.returncode == 1
    assert "rrsmb: export: left out: a: another file system is mounted there" in done.stderr
    assert "line 2: a/inside: another file system is mounted there" in done.stderr
    assert "line 3: a: another file system is mounted there" in done.stderr
    assert len(rrsmb.rows("share")) == 1


@pytest.mark.skipif(
    subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", COMMAND, "--version"]).returncode != 0,
    reason="another user cannot reach the build folder",
)
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else")
def test_a_folder_that_may_not_be_read_is_said_and_counted(rrsmb, tree, tmp_path):
    rrsmb("acl", "set", "share", tree + b"/a/plain", SYSTEM)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        os.chmod(folder, 0o755)
    os.chmod(tree + b"/a/b", 0o700)
    subprocess.run(["chown", "-R", "65534", tmp_path / "store"], check=True)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", *rrsmb.argv("export", "--root", tree, "share")],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 1
    assert "left out: a/b: Permission denied" in done.stderr
    assert "1 files or folders could not be examined" in done.stderr
    assert list(paths(done.stdout)) == [b"a/plain"]
