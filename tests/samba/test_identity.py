# SPDX-License-Identifier: Apache-2.0
"""Which file an ACL belongs to: inode numbers are used again, snapshots and mounts reuse them."""

import json
import os
import time

import pytest
import smbd_runner
from smbd_runner import ANN, BEN, USERS

WRITE_TIMEOUT = 1.5
# More than enough: ext4 gives the lowest free number of a group.
ATTEMPTS = 2000


def reuse_inode(path, inode):
    """Make files until one gets the inode number; the file at `path` is that one."""
    others = []
    try:
        for attempt in range(ATTEMPTS):
            name = path.with_name(f"other-{attempt}")
            name.touch()
            if name.stat().st_ino == inode:
                os.chown(name, USERS[ANN], USERS[ANN])
                name.rename(path)
                return
            others.append(name)
    finally:
        for other in others:
            other.unlink()
    pytest.skip(f"the file system of {path.parent} does not use inode numbers again")


def acl_after_inode_reuse(server):
    """The ACL that a file gets which was made outside Samba with the inode of a deleted one."""
    source = server.folder / "source"
    source.write_text("text")
    server.smbclient("files", f"put {source} secret")
    ann, ben = server.sid(ANN), server.sid(BEN)
    server.set_sddl("files", "secret", f"O:{ann}G:{ann}D:P(A;;0x001f01ff;;;{ann})(A;;0x00120089;;;{ben})")
    path = server.path("files") / "secret"
    inode = path.stat().st_ino
    assert ben in server.sddl("files", "secret")
    path.unlink()
    reuse_inode(path.with_name("next"), inode)
    return server.sddl("files", "next"), ben


def test_a_file_with_a_deleted_files_inode_does_not_get_its_acl(server_with):
    sddl, ben = acl_after_inode_reuse(server_with({"files": []}))
    assert ben not in sddl


def test_the_packaged_acl_tdb_hands_on_the_acl_so_the_test_above_can_tell(server_with):
    sddl, ben = acl_after_inode_reuse(server_with({"files": []}, module="acl_tdb"))
    assert ben in sddl


def test_an_acl_set_on_a_reused_inode_replaces_the_old_row(server_with):
    server = server_with({"files": []})
    acl_after_inode_reuse(server)
    ann = server.sid(ANN)
    server.set_sddl("files", "next", f"O:{ann}G:{ann}D:P(A;;0x001f01ff;;;{ann})(A;;0x00120089;;;WD)")
    assert "0x00120089;;;WD" in server.sddl("files", "next")
    assert server.rrsmb("fsck").returncode == 0


def test_what_is_mounted_inside_a_share_is_refused(server_with):
    server = server_with({"files": []})
    server.smbclient("files", "mkdir mounted")
    folder = server.path("files") / "mounted"
    server.run(["mount", "-t", "tmpfs", "tmpfs", folder])
    server.run(["sh", "-c", f"echo text >{folder}/f; chmod 0777 {folder} {folder}/f"])
    refused = server.smbclient("files", "get mounted/f -", check=False)
    assert "NT_STATUS_ACCESS_DENIED" in refused.stdout
    assert "another file system" in server.log


def test_a_snapshot_is_refused_because_no_acls_are_stored_for_it(build):
    name = "@GMT-2024.01.01-00.00.00"
    server = smbd_runner.Server(build)
    path = server.folder / "shares" / "files"
    for share, objects in (("files", "shadow_copy2 acl_ddb"), ("plain", "shadow_copy2")):
        server.add_share(
            share,
            [
                f"vfs objects = {objects}",
                f"acl_ddb:store = {server.store_uri}",
                "shadow:snapdir = .snap",
                f"shadow:mountpoint = {path}",
            ],
            path=path,
        )
    for folder in (path / ".snap" / name, path):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        (folder / "f").write_text("text")
    with server:
        assert "text" in server.smbclient("plain", f"get {name}/f -").stdout
        assert "text" in server.smbclient("files", "get f -").stdout
        refused = server.smbclient("files", f"get {name}/f -", check=False)
        assert "NT_STATUS_ACCESS_DENIED" in refused.stdout
        assert "no ACLs are stored for snapshots" in server.log


@pytest.fixture(scope="module")
def without_generations(build):
    """A share on ramfs, which has neither file handles nor birth times, and short of patience."""
    server = smbd_runner.Server(build)
    path = server.add_share(
        "files",
        [
            "vfs objects = acl_ddb",
            f"acl_ddb:store = {server.store_uri}",
            f"acl_ddb:write timeout = {int(WRITE_TIMEOUT * 1000)}",
        ],
    )
    with server:
        server.run(["mount", "-t", "ramfs", "ramfs", path])
        server.run(["chown", str(USERS[ANN]), path])
        yield server


def make_file_with_acl(server, name):
    source = server.folder / "source"
    source.write_text("text")
    server.smbclient("files", f"put {source} {name}")
    ann = server.sid(ANN)
    server.set_sddl("files", name, f"O:{ann}G:{ann}D:P(A;;0x001f01ff;;;{ann})")


def rows(server):
    return json.loads(server.rrsmb("stat", "--json").stdout)["rows"]


def test_without_generations_acls_are_kept_and_the_log_warns(without_generations):
    server = without_generations
    make_file_with_acl(server, "kept")
    assert "D:P(A;;0x001f01ff;;;" in server.sddl("files", "kept")
    assert "none" in server.rrsmb("share", "show", "files").stdout
    assert "gives no generations" in server.log


def test_without_generations_an_unlink_waits_for_the_store_and_complains(without_generations):
    server = without_generations
    make_file_with_acl(server, "deleted")
    with server.held_write_lock():
        started = time.monotonic()
        server.smbclient("files", "del deleted")
        assert time.monotonic() - started >= WRITE_TIMEOUT
    assert "the next file with its inode number will get its ACL" in server.log


def test_without_generations_an_unlink_drops_the_row(without_generations):
    server = without_generations
    make_file_with_acl(server, "dropped")
    before = rows(server)
    server.smbclient("files", "del dropped")
    assert rows(server) == before - 1
