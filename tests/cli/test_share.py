# SPDX-License-Identifier: Apache-2.0
"""rrsmb share: the shares of a store."""
import pytest
from conftest import ADMINS, SYSTEM

ODD_NAMES = ["größe", "a#b", "a/b", "with space", "x" * 255, "a\nb", "%41", "..", "-"]


def names(rrsmb):
    return [share["name"] for share in rrsmb("share", "list", "--json").json]


def test_an_empty_store_has_none(rrsmb):
    rrsmb("init")
    assert rrsmb("share", "list").out == ""
    assert rrsmb("share", "list", "--json").json == []


def test_list_shows_id_kind_and_name(rrsmb):
    rrsmb("acl", "set", "projects", "--inode", "1", SYSTEM)
    share_id, kind, name = rrsmb("share", "list").lines[0].split("\t")
    assert len(share_id) == 16 and int(share_id, 16) != 0
    assert (kind, name) == ("none", "projects")


def test_show_tells_where_a_share_lies(rrsmb, plain_file, tmp_path):
    rrsmb("acl", "set", "projects", plain_file, SYSTEM)
    shown = rrsmb("share", "show", "--json", "projects").json
    assert shown["path"] == str(tmp_path)
    assert shown["kind"] in ("handle", "btime", "none")
    text = rrsmb("share", "show", "projects").out
    assert str(tmp_path) in text and shown["id"] in text


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_works(rrsmb, name):
    rrsmb("acl", "set", "--", name, __file__, SYSTEM)
    assert names(rrsmb) == [name]
    assert rrsmb("share", "show", "--json", "--", name).json["name"] == name
    assert len(rrsmb("share", "list").lines) == 1
    rrsmb("share", "rename", "--", name, "plain")
    assert names(rrsmb) == ["plain"]
    assert rrsmb("acl", "get", "plain", __file__).out == SYSTEM + "\n"


@pytest.mark.parametrize("name", ["", "x" * 256, b"\xff\xfe"])
def test_an_impossible_name_is_exit_2(rrsmb, name):
    rrsmb("init")
    rrsmb("acl", "set", name, "--inode", "1", SYSTEM, code=2)


def test_rename_keeps_the_rows(rrsmb):
    rrsmb("acl", "set", "old", "--inode", "1", SYSTEM)
    before = rrsmb("share", "show", "--json", "old").json["id"]
    rrsmb("share", "rename", "old", "new")
    assert rrsmb("share", "show", "--json", "new").json["id"] == before
    assert rrsmb.rows("new") == {1: (0, SYSTEM)}
    rrsmb("share", "show", "old", code=1)


def test_rename_onto_another_share_is_refused(rrsmb):
    rrsmb("acl", "set", "one", "--inode", "1", SYSTEM)
    rrsmb("acl", "set", "two", "--inode", "1", ADMINS)
    rrsmb("share", "rename", "one", "two", code=1)
    assert rrsmb.rows("one") == {1: (0, SYSTEM)}
    assert rrsmb.rows("two") == {1: (0, ADMINS)}


def test_rename_of_a_missing_share_is_exit_1(rrsmb):
    rrsmb("init")
    assert "nowhere" in rrsmb("share", "rename", "nowhere", "new", code=1).err


def test_remove_takes_the_rows_along_and_leaves_other_shares(rrsmb):
    for inode in ("1", "2", "3"):
        rrsmb("acl", "set", "going", "--inode", inode, SYSTEM)
    rrsmb("acl", "set", "staying", "--inode", "1", SYSTEM)
    assert rrsmb("share", "remove", "going").out == "3 rows removed\n"
    assert names(rrsmb) == ["staying"]
    assert rrsmb.rows("staying") == {1: (0, SYSTEM)}
    rrsmb("fsck")


def test_remove_of_a_missing_share_is_exit_1(rrsmb):
    rrsmb("init")
    rrsmb("share", "remove", "nowhere", code=1)
