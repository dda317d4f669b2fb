# SPDX-License-Identifier: Apache-2.0
"""What a client sees of ACLs over acl_ddb."""

import concurrent.futures
import json
import os
import re

import pytest
import smbd_runner
from smbd_runner import ANN, BEN, TEAM_NUMBER, USERS

READ = "0x00120089"  # FILE_GENERIC_READ
READ_EXECUTE = "0x001200a9"  # with FILE_GENERIC_EXECUTE
FULL = "0x001f01ff"  # FILE_ALL_ACCESS


@pytest.fixture(scope="module")
def server(server_with):
    return server_with({"files": []})


@pytest.fixture(scope="module")
def sids(server):
    return {user: server.sid(user) for user in USERS}


@pytest.fixture
def folder(server, sids, request):
    """A folder of the test's own, made by ann through the server. What is made in it inherits:
    ann may do everything, everybody else may read."""
    name = re.sub(r"\W", "_", request.node.name)
    server.smbclient("files", f"mkdir {name}")
    server.set_sddl(
        "files",
        name,
        f"O:{sids[ANN]}G:{sids[ANN]}D:PARAI(A;OICI;{FULL};;;{sids[ANN]})(A;OICI;{READ_EXECUTE};;;WD)",
    )
    return name


def put(server, name, text="text", user=ANN):
    """Make a file through the server."""
    source = server.folder / "source"
    source.write_text(text)
    server.smbclient("files", f'put {source} "{name}"', user=user)


def on_disk(server, name):
    return server.path("files") / name


def dacl(sddl):
    """The DACL's entries: [(type, flags, rights, sid)]."""
    text = re.search(r"D:[^(]*((?:\([^)]*\))*)", sddl).group(1)
    entries = re.findall(r"\((\w+);(\w*);(\w+);\w*;\w*;([\w-]+)\)", text)
    return [(kind, flags, rights, sid) for kind, flags, rights, sid in entries]


def stat(server):
    return json.loads(server.rrsmb("stat", "--json").stdout)


def test_a_descriptor_is_read_back_as_it_was_set(server, folder, sids):
    put(server, f"{folder}/f")
    # Neither in Windows' canonical order nor with rights that have a name.
    sddl = (
        f"O:{sids[ANN]}G:S-1-22-2-{USERS[ANN]}D:PARAI(A;;{FULL};;;{sids[ANN]})"
        f"(D;;0x00100002;;;{sids[BEN]})(A;;{READ};;;{sids[BEN]})(A;ID;0x00100000;;;S-1-5-21-1-2-3-9)"
        f"(A;;{READ_EXECUTE};;;WD)"
    )
    server.python(
        "files",
        f"""
sd = security.descriptor.from_sddl({sddl!r}, security.dom_sid("S-1-5-21-1-2-3"))
smb.set_acl("{folder}\\\\f", sd, security.SECINFO_OWNER | security.SECINFO_GROUP | security.SECINFO_DACL)
""",
    )
    # The request to inherit automatically (AR) is answered by AI and not kept.
    assert server.sddl("files", f"{folder}/f") == sddl.replace("PARAI", "PAI")


def test_what_smbcacls_sets_it_reads_back(server, folder, sids):
    put(server, f"{folder}/f")
    acl = (
        f"REVISION:1,OWNER:{sids[ANN]},GROUP:S-1-22-2-{USERS[ANN]},"
        f"ACL:{sids[BEN]}:DENIED/0x0/0x00100002,ACL:{sids[ANN]}:ALLOWED/0x0/{FULL}"
    )
    server.smbcacls("files", f"{folder}/f", "-S", acl)
    read = server.smbcacls("files", f"{folder}/f", "--numeric").stdout
    assert re.search(rf"^OWNER:{sids[ANN]}$", read, re.M)
    assert re.findall(r"^ACL:(.*)$", read, re.M) == [
        f"{sids[BEN]}:1/0x0/0x00100002",
        f"{sids[ANN]}:0/0x0/{FULL}",
    ]


def test_the_owner_is_let_in_and_the_other_refused(server, folder, sids):
    put(server, f"{folder}/f", "for ann")
    server.set_sddl("files", f"{folder}/f", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})")
    got = server.folder / "got"
    server.smbclient("files", f"get {folder}/f {got}", user=ANN)
    assert got.read_text() == "for ann"
    refused = server.smbclient("files", f"get {folder}/f {got}", user=BEN, check=False)
    assert "NT_STATUS_ACCESS_DENIED" in refused.stdout
    assert refused.returncode != 0


def test_a_right_that_is_granted_opens_just_that(server, folder, sids):
    put(server, f"{folder}/f", "for both")
    server.set_sddl(
        "files",
        f"{folder}/f",
        f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})(A;;{READ};;;{sids[BEN]})",
    )
    got = server.folder / "got"
    server.smbclient("files", f"get {folder}/f {got}", user=BEN)
    assert got.read_text() == "for both"
    refused = server.smbclient("files", f"put {got} {folder}/f", user=BEN, check=False)
    assert "NT_STATUS_ACCESS_DENIED" in refused.stdout
    assert on_disk(server, f"{folder}/f").read_text() == "for both"


def test_new_files_and_folders_inherit(server, folder, sids):
    server.set_sddl(
        "files",
        folder,
        f"O:{sids[ANN]}G:{sids[ANN]}D:PARAI(A;OICI;{FULL};;;{sids[ANN]})(A;OICI;{READ};;;{sids[BEN]})",
    )
    put(server, f"{folder}/f")
    server.smbclient("files", f"mkdir {folder}/sub")
    put(server, f"{folder}/sub/g")
    assert ("A", "ID", READ, sids[BEN]) in dacl(server.sddl("files", f"{folder}/f"))
    assert ("A", "OICIID", READ, sids[BEN]) in dacl(server.sddl("files", f"{folder}/sub"))
    assert ("A", "ID", READ, sids[BEN]) in dacl(server.sddl("files", f"{folder}/sub/g"))


def test_many_files_that_inherit_the_same_share_one_descriptor(server, folder, sids):
    server.set_sddl(
        "files", folder, f"O:{sids[ANN]}G:{sids[ANN]}D:PARAI(A;OICI;{FULL};;;{sids[ANN]})(A;OI;0x3;;;WD)"
    )
    before = stat(server)
    source = server.folder / "source"
    source.write_text("text")
    server.smbclient("files", ";".join(f"put {source} {folder}/f{n}" for n in range(20)))
    after = stat(server)
    assert after["rows"] - before["rows"] == 20
    assert after["descriptors"] - before["descriptors"] == 1


def test_taking_ownership_changes_the_owner_in_the_acl_and_on_disk(server, folder, sids):
    put(server, f"{folder}/f")
    server.set_sddl(
        "files", f"{folder}/f", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[BEN]})"
    )
    server.smbcacls("files", f"{folder}/f", "-C", f"RRSMB\\{BEN}", user=BEN)
    assert server.sddl("files", f"{folder}/f", user=BEN).startswith(f"O:{sids[BEN]}")
    assert on_disk(server, f"{folder}/f").stat().st_uid == USERS[BEN]


def test_a_hard_link_shares_the_acl(server, folder, sids):
    put(server, f"{folder}/f")
    os.link(on_disk(server, f"{folder}/f"), on_disk(server, f"{folder}/link"))
    server.set_sddl("files", f"{folder}/link", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})")
    assert server.sddl("files", f"{folder}/f") == server.sddl("files", f"{folder}/link")
    assert dacl(server.sddl("files", f"{folder}/f")) == [("A", "", FULL, sids[ANN])]


def test_a_rename_keeps_the_acl(server, folder, sids):
    put(server, f"{folder}/f")
    server.set_sddl("files", f"{folder}/f", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})")
    before = server.sddl("files", f"{folder}/f")
    server.smbclient("files", f"rename {folder}/f {folder}/renamed")
    assert server.sddl("files", f"{folder}/renamed") == before


def test_a_rename_over_a_file_brings_its_own_acl_and_drops_the_others_row(server, folder, sids):
    for name, rights in (("new", "0x001f01ff"), ("old", "0x001e01ff")):
        put(server, f"{folder}/{name}")
        server.set_sddl(
            "files", f"{folder}/{name}", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{rights};;;{sids[ANN]})"
        )
    before = server.sddl("files", f"{folder}/new")
    rows = stat(server)["rows"]
    server.smbclient("files", f"rename {folder}/new {folder}/old -f")
    assert server.sddl("files", f"{folder}/old") == before
    assert stat(server)["rows"] == rows - 1


def test_the_row_goes_with_the_last_link_only(server, folder):
    put(server, f"{folder}/f")
    os.link(on_disk(server, f"{folder}/f"), on_disk(server, f"{folder}/link"))
    rows = stat(server)["rows"]
    server.smbclient("files", f"del {folder}/f")
    assert stat(server)["rows"] == rows
    server.smbclient("files", f"del {folder}/link")
    assert stat(server)["rows"] == rows - 1


def test_the_row_of_a_folder_goes_with_it(server, folder):
    rows = stat(server)["rows"]
    server.smbclient("files", f"mkdir {folder}/sub")
    assert stat(server)["rows"] == rows + 1
    server.smbclient("files", f"rmdir {folder}/sub")
    assert stat(server)["rows"] == rows


def test_a_delete_that_is_refused_keeps_the_row(server, folder, sids):
    put(server, f"{folder}/f")
    server.set_sddl("files", folder, f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})(A;;{READ};;;{sids[BEN]})")
    server.set_sddl("files", f"{folder}/f", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})")
    before, rows = server.sddl("files", f"{folder}/f"), stat(server)["rows"]
    server.smbclient("files", f"del {folder}/f", user=BEN, check=False)
    assert on_disk(server, f"{folder}/f").exists()
    assert stat(server)["rows"] == rows
    assert server.sddl("files", f"{folder}/f") == before


def test_deleting_a_stream_keeps_the_acl_of_its_file(server, folder, sids):
    put(server, f"{folder}/f")
    put(server, f"{folder}/f:stream")
    server.set_sddl("files", f"{folder}/f", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})")
    assert ":stream:" in server.smbclient("files", f"allinfo {folder}/f").stdout
    before, rows = server.sddl("files", f"{folder}/f"), stat(server)["rows"]
    server.python("files", f"smb.unlink('{folder}\\\\f:stream')")
    assert ":stream:" not in server.smbclient("files", f"allinfo {folder}/f").stdout
    assert stat(server)["rows"] == rows
    assert server.sddl("files", f"{folder}/f") == before


def test_a_stream_is_guarded_by_the_acl_of_its_file(server, folder, sids):
    put(server, f"{folder}/f")
    put(server, f"{folder}/f:stream")
    server.set_sddl("files", f"{folder}/f", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})")
    refused = server.smbclient("files", f"get {folder}/f:stream -", user=BEN, check=False)
    assert "NT_STATUS_ACCESS_DENIED" in refused.stdout


# One client sets the DACL again and again, the other the group; only it does, so what it set must
# still be there when it looks. Without a conditional write, merges based on an older read undo it.
MERGE = """
import time
domain = security.dom_sid("S-1-5-21-1-2-3")
deadline = time.monotonic() + {seconds}
rounds = 0
while time.monotonic() < deadline:
    for text in {texts!r}:
        wanted = security.descriptor.from_sddl(text, domain)
        smb.set_acl({name!r}, wanted, {parts})
        for _ in range(3):
            found = smb.get_acl({name!r}, {parts}).as_sddl(domain)
            assert found == wanted.as_sddl(domain), (rounds, found, text)
    rounds += 1
print("rounds", rounds)
"""
MERGE_SECONDS = 6


def test_merges_of_two_clients_lose_nothing(server, folder, sids):
    put(server, f"{folder}/f")
    server.set_sddl(
        "files", f"{folder}/f", f"O:{sids[ANN]}G:{sids[ANN]}D:P(A;;{FULL};;;{sids[ANN]})"
    )
    dacls = [
        f"D:P(A;;{FULL};;;{sids[ANN]})(A;;{rights};;;{sids[BEN]})"
        for rights in ("0x00120089", "0x00100002")
    ]
    groups = [f"G:S-1-22-2-{USERS[ANN]}", f"G:S-1-22-2-{TEAM_NUMBER}"]
    code = {
        parts: MERGE.format(
            texts=texts, name=f"{folder}\\f", parts=f"security.{parts}", seconds=MERGE_SECONDS
        )
        for parts, texts in (("SECINFO_DACL", dacls), ("SECINFO_GROUP", groups))
    }
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        clients = [pool.submit(server.python, "files", text) for text in code.values()]
        for client in clients:
            assert int(client.result().stdout.split()[-1]) > 10


STYLES = ("posix", "windows", "everyone")


@pytest.fixture(scope="module")
def styles_server(build):
    """Each style as a share of acl_ddb and of the packaged acl_xattr over the same folder."""
    server = smbd_runner.Server(build)
    for style in STYLES:
        for module in ("acl_ddb", "acl_xattr"):
            server.add_share(
                f"{module}_{style}",
                [
                    f"vfs objects = {module}",
                    f"{module}:store = {server.store_uri}",
                    f"{module}:ignore system acls = yes",
                    f"{module}:default acl style = {style}",
                ],
                path=server.folder / "shares" / "styles",
            )
    path = server.folder / "shares" / "styles"
    (path / "file").write_text("text")
    (path / "file").chmod(0o640)
    (path / "folder").mkdir(mode=0o750)
    for name in ("file", "folder"):
        os.chown(path / name, USERS[ANN], USERS[ANN])
    with server:
        yield server


@pytest.mark.parametrize("name", ("file", "folder"))
@pytest.mark.parametrize("style", STYLES)
def test_a_file_without_an_acl_gets_the_chosen_default(styles_server, style, name):
    ours = styles_server.sddl(f"acl_ddb_{style}", name)
    assert ours == styles_server.sddl(f"acl_xattr_{style}", name)
    everyone = [entry for entry in dacl(ours) if entry[3] == "WD"]
    assert {"posix": not everyone or everyone[0][2] != FULL, "windows": not everyone}.get(
        style, everyone and everyone[0][2] == FULL
    )


def test_with_system_acls_the_posix_acl_is_set_too(server_with, request):
    server = server_with({"files": ["acl_ddb:ignore system acls = no"]})
    sids = {user: server.sid(user) for user in USERS}
    put(server, "f")
    server.set_sddl(
        "files",
        "f",
        f"O:{sids[ANN]}G:S-1-22-2-{USERS[ANN]}D:P(A;;{FULL};;;{sids[ANN]})(A;;{READ};;;{sids[BEN]})",
    )
    assert (("A", "", READ, sids[BEN])) in dacl(server.sddl("files", "f"))
    posix = server.run(["getfacl", "-n", on_disk(server, "f")]).stdout
    assert f"user:{USERS[BEN]}:r--" in posix
