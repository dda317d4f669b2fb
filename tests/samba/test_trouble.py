# SPDX-License-Identifier: Apache-2.0
"""The store is locked, damaged or not there: access is denied, the log says why, and no file gets
the default ACL in place of its own."""

import concurrent.futures
import json
import os

import pytest
import smbd_runner
from smbd_runner import ANN, BEN

WRITE_TIMEOUT = 1.5
# From this on a call cannot have waited for the lock by itself.
AT_ONCE = 1.2


@pytest.fixture
def server(build):
    """A server of the test's own with one share and a file `secret` that only ann may open."""
    server = smbd_runner.Server(build)
    server.add_share(
        "files",
        [
            "vfs objects = acl_ddb streams_xattr",
            f"acl_ddb:store = {server.store_uri}",
            f"acl_ddb:write timeout = {int(WRITE_TIMEOUT * 1000)}",
        ],
    )
    with server:
        source = server.folder / "source"
        source.write_text("for ann")
        server.smbclient("files", f"put {source} secret")
        ann = server.sid(ANN)
        server.set_sddl("files", "secret", f"O:{ann}G:{ann}D:P(A;;0x001f01ff;;;{ann})")
        # The default ACL would let everybody in.
        (server.path("files") / "secret").chmod(0o666)
        yield server


# Prints how long the call took and what it came to.
TIMED = """
import time
started = time.monotonic()
try:
    {call}
    outcome = "done"
except Exception as failure:
    outcome = str(failure)
print(time.monotonic() - started, outcome)
"""


def timed(server, call):
    """Run a call on an open connection; gives (seconds, what it came to)."""
    output = server.python("files", TIMED.format(call=call)).stdout
    seconds, outcome = output.strip().splitlines()[-1].split(" ", 1)
    return float(seconds), outcome


def refused(server, user=ANN):
    """What a client hears that wants to read the file."""
    result = server.smbclient("files", "get secret -", user=user, check=False)
    assert "for ann" not in result.stdout
    return result.stdout


def test_a_set_fails_after_the_write_timeout_and_changes_nothing(server):
    before = server.sddl("files", "secret")
    set_everyone = (
        'smb.set_acl("secret", security.descriptor.from_sddl("D:P(A;;0x001f01ff;;;WD)",'
        ' security.dom_sid("S-1-5-21-1-2-3")), security.SECINFO_DACL)'
    )
    with server.held_write_lock():
        seconds, outcome = timed(server, set_everyone)
        assert "IO_TIMEOUT" in outcome or "0xC00000B5" in outcome or "3221225653" in outcome
        assert WRITE_TIMEOUT <= seconds < WRITE_TIMEOUT + 5
        assert server.sddl("files", "secret") == before
    assert server.sddl("files", "secret") == before
    assert "the ACL of secret cannot be stored" in server.log


def test_an_unlink_does_not_wait_for_the_store(server):
    with server.held_write_lock():
        seconds, outcome = timed(server, 'smb.unlink("secret")')
        assert outcome == "done"
        assert seconds < AT_ONCE
        assert not (server.path("files") / "secret").exists()


# Deletes the file while the store is locked, and stays until it is not.
DELETE_AND_STAY = """
import pathlib, time
smb.unlink("secret")
pathlib.Path({deleted!r}).touch()
deadline = time.monotonic() + 20
while not pathlib.Path({released!r}).exists() and time.monotonic() < deadline:
    time.sleep(0.02)
"""


def test_the_row_of_a_file_deleted_under_a_lock_goes_when_the_client_does(server):
    deleted, released = server.folder / "deleted", server.folder / "released"
    rows = json.loads(server.rrsmb("stat", "--json").stdout)["rows"]
    code = DELETE_AND_STAY.format(deleted=str(deleted), released=str(released))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with server.held_write_lock():
            client = pool.submit(server.python, "files", code)
            smbd_runner.wait_until(deleted.exists, "the file to be deleted")
            assert json.loads(server.rrsmb("stat", "--json").stdout)["rows"] == rows
        released.touch()
        client.result()
    smbd_runner.wait_until(
        lambda: json.loads(server.rrsmb("stat", "--json").stdout)["rows"] == rows - 1,
        "the row to be dropped",
    )


def test_a_file_whose_acl_cannot_be_stored_is_not_created(server):
    ann = server.sid(ANN)
    server.smbclient("files", "mkdir folder")
    server.set_sddl("files", "folder", f"O:{ann}G:{ann}D:PARAI(A;OICI;0x001f01ff;;;{ann})")
    source = server.folder / "source"
    with server.held_write_lock():
        put = server.smbclient("files", f"put {source} folder/new", check=False)
        made = server.smbclient("files", "mkdir folder/sub", check=False)
        assert "NT_STATUS_IO_TIMEOUT" in put.stdout
        assert "NT_STATUS_IO_TIMEOUT" in made.stdout
        assert os.listdir(server.path("files") / "folder") == []
    server.smbclient("files", f"put {source} folder/new; mkdir folder/sub")
    assert f"(A;ID;0x001f01ff;;;{ann})" in server.sddl("files", "folder/new")


FLIP_DESCRIPTORS = """
import lmdb
environment = lmdb.open({folder!r}, max_dbs=32, max_readers=4096)
flipped = 0
with environment.begin(write=True) as transaction:
    names = [bytes(name) for name, _ in transaction.cursor()]
    for name in names:
        try:
            table = environment.open_db(name, txn=transaction, create=False)
        except lmdb.Error:
            continue
        for key, value in list(transaction.cursor(table)):
            # A self-relative descriptor ends with the rights and the SID of its last entry.
            position = bytes(value).find({needle!r})
            if position < 0:
                continue
            value = bytearray(value)
            value[position] ^= 0x01
            transaction.put(bytes(key), bytes(value), db=table)
            flipped += 1
print("flipped", flipped)
"""


def test_a_damaged_descriptor_denies_access(server):
    domain = [int(part) for part in server.sid(ANN).split("-")[4:]]
    needle = b"".join(part.to_bytes(4, "little") for part in domain)
    server.stop_smbd()
    code = FLIP_DESCRIPTORS.format(folder=str(server.store), needle=needle)
    flipped = server.run(["/usr/bin/python3", "-c", code]).stdout
    assert int(flipped.split()[-1]) > 0, flipped
    server.start_smbd()
    for user in (ANN, BEN):
        assert "NT_STATUS_ACCESS_DENIED" in refused(server, user)
    assert "its ACL cannot be read" in server.log


def test_a_share_on_a_damaged_store_is_refused(server):
    server.stop_smbd()
    (server.store / "data.mdb").write_bytes(b"no database" * 1000)
    server.start_smbd()
    for user in (ANN, BEN):
        assert "tree connect failed" in refused(server, user)
    assert "share files refused" in server.log


def test_a_share_on_a_truncated_store_is_refused(server):
    server.stop_smbd()
    os.truncate(server.store / "data.mdb", 5000)
    server.start_smbd()
    for user in (ANN, BEN):
        assert "tree connect failed" in refused(server, user)
    assert "share files refused" in server.log


def test_a_share_whose_store_cannot_be_reached_is_refused(server):
    server.stop_smbd()
    server.store.rename(server.folder / "elsewhere")
    server.store.write_text("not a folder")
    server.start_smbd()
    for user in (ANN, BEN):
        assert "tree connect failed" in refused(server, user)
    assert "share files refused" in server.log


def test_a_share_of_another_generation_kind_is_refused(server):
    path, lines = server.shares["files"]
    # Named by inode without a generation at its first use, a share is of kind `none`.
    server.rrsmb("acl", "set", "other", "--inode", "7", "D:P")
    server.shares["files"] = (path, lines + ["acl_ddb:share = other"])
    server.reload()
    for user in (ANN, BEN):
        assert "tree connect failed" in refused(server, user)
    assert "share files refused" in server.log
    assert "none" in server.log and "handle" in server.log


def test_an_unknown_default_style_is_refused(server):
    path, lines = server.shares["files"]
    server.shares["files"] = (path, lines + ["acl_ddb:default acl style = nonsense"])
    server.reload()
    assert "tree connect failed" in refused(server)
    assert "default acl style = nonsense" in server.log
