# SPDX-License-Identifier: Apache-2.0
"""rrsmb sddl: conversions without a store."""
import hashlib
import json

import pytest
from conftest import ADMINS, SYSTEM

WORDS = "O:SYG:SYD:(A;;FA;;;SY)"
DOMAIN = "S-1-5-21-1-2-3"


def test_canon_spells_out_sids_and_masks(rrsmb):
    assert rrsmb("sddl", "canon", WORDS).out == SYSTEM + "\n"


def test_canon_leaves_a_canonical_descriptor_as_it_is(rrsmb):
    assert rrsmb("sddl", "canon", ADMINS).out == ADMINS + "\n"


def test_hash_is_sha256_of_the_canonical_text(rrsmb):
    assert rrsmb("sddl", "hash", WORDS).out == hashlib.sha256(SYSTEM.encode()).hexdigest() + "\n"


def test_encode_gives_a_self_relative_descriptor_in_hex(rrsmb):
    binary = bytes.fromhex(rrsmb("sddl", "encode", WORDS).out)
    assert binary[0] == 1  # revision
    assert binary[3] & 0x80  # self-relative


def test_decode_takes_what_encode_gives(rrsmb):
    binary = rrsmb("sddl", "encode", ADMINS).out.strip()
    assert rrsmb("sddl", "decode", binary).out == ADMINS + "\n"
    assert rrsmb("sddl", "decode", binary.upper()).out == ADMINS + "\n"


def test_lines_come_from_standard_input(rrsmb):
    done = rrsmb("sddl", "canon", stdin=f"{WORDS}\n{ADMINS}\r\n{WORDS}")
    assert done.lines == [SYSTEM, ADMINS, SYSTEM]


@pytest.mark.parametrize("command, bad", [("canon", "O:XX"), ("hash", "nonsense"),
                                          ("encode", "D:("), ("decode", "xyz")])
def test_a_bad_line_is_an_error_in_its_place_and_exit_3(rrsmb, command, bad):
    good = WORDS if command != "decode" else rrsmb("sddl", "encode", WORDS).out.strip()
    first, second, third = rrsmb("sddl", command, stdin=f"{good}\n{bad}\n{good}\n", code=3).lines
    assert second.startswith("error: ")
    assert first == third
    assert not first.startswith("error")


def test_no_lines_are_no_results(rrsmb):
    assert rrsmb("sddl", "canon", stdin="").out == ""


def test_a_domain_alias_needs_the_domain(rrsmb):
    done = rrsmb("sddl", "canon", "O:DA", code=3)
    assert "DA" in done.err
    assert rrsmb("sddl", "canon", "--domain", DOMAIN, "O:DA").out == f"O:{DOMAIN}-512\n"


def test_a_domain_that_is_no_sid_is_refused(rrsmb):
    done = rrsmb("sddl", "canon", "--domain", "example.com", "O:DA", code=2)
    assert "example.com" in done.err


def test_an_error_has_a_caret_under_its_place(rrsmb):
    text = "O:SYG:SYD:(A;;FA;;;SY)(Z;;FA;;;SY)"
    message, shown, caret = rrsmb("sddl", "canon", text, code=3).err.splitlines()
    assert message.startswith("rrsmb: sddl canon: ")
    assert shown == "  " + text
    assert caret.strip() == "^"
    assert shown[caret.index("^")] == "Z"


def test_a_long_text_is_shown_around_the_error(rrsmb):
    text = "O:SYG:SYD:" + "(A;;FA;;;SY)" * 50 + "(Z;;FA;;;SY)" + "(A;;FA;;;SY)" * 50
    _, shown, caret = rrsmb("sddl", "canon", text, code=3).err.splitlines()
    assert len(shown) < 100
    assert shown[caret.index("^")] == "Z"


@pytest.mark.parametrize("text", ["abc", "0g", "01 02", ""])
def test_what_is_no_hex_or_no_descriptor_is_exit_3(rrsmb, text):
    done = rrsmb("sddl", "decode", text, code=3)
    assert done.err.startswith("rrsmb: sddl decode: ")
    assert done.out == ""


def test_a_cut_descriptor_is_exit_3(rrsmb):
    binary = rrsmb("sddl", "encode", WORDS).out.strip()
    rrsmb("sddl", "decode", binary[:-2], code=3)


def test_a_zero_byte_in_a_line_is_not_its_end(rrsmb):
    assert rrsmb("sddl", "canon", stdin=b"O:SY\0G:SY\n", code=3).out.startswith("error: ")


EXPLAINED = (
    "O:BAG:SYD:PAI(D;;WD;;;WD)(A;OICIID;FA;;;BA)(A;;0x1200a9;;;S-1-5-21-1-2-3-1000)"
    "S:(AU;SA;FA;;;WD)"
)


def test_explain_says_who_may_do_what(rrsmb):
    lines = rrsmb("sddl", "explain", EXPLAINED).lines
    assert lines[0] == r"owner: BUILTIN\Administrators (S-1-5-32-544)"
    assert lines[1].startswith("group: NT AUTHORITY") and lines[1].endswith("(S-1-5-18)")
    assert lines[2] == "DACL:  3 entries; protected from inheritance; auto-inherited"
    deny, _, allow, applies, read, _ = lines[3:9]
    assert deny.split()[:3] == ["1", "deny", "Everyone"]
    assert allow.split()[:3] == ["2", "allow", r"BUILTIN\Administrators"]
    assert allow.endswith("full control")
    assert applies == "      this folder, subfolders and files; inherited"
    assert read.split()[:3] == ["3", "allow", "S-1-5-21-1-2-3-1000"]
    assert read.endswith("read and execute")
    assert lines[9] == "SACL:  1 entry"


@pytest.mark.parametrize(
    "text, meaning",
    [("O:SY", "DACL:  absent"),
     ("D:NO_ACCESS_CONTROL", "DACL:  NULL: everybody may do everything"),
     ("D:", "DACL:  empty: nobody may do anything")],
)
def test_explain_tells_the_three_dacls_without_a_list_apart(rrsmb, text, meaning):
    assert meaning in rrsmb("sddl", "explain", text).lines


def test_explain_shows_a_condition(rrsmb):
    text = 'D:(XA;;FR;;;WD;(@User.Title == "PM"))'
    assert '@User.Title == "PM"' in rrsmb("sddl", "explain", text).out
    (ace,) = rrsmb("sddl", "explain", "--json", text).json["dacl"]["aces"]
    assert '@User.Title == "PM"' in ace["data"]


def test_explain_as_json(rrsmb):
    explained = rrsmb("sddl", "explain", "--json", EXPLAINED).json
    assert explained["owner"] == {"sid": "S-1-5-32-544", "name": r"BUILTIN\Administrators"}
    dacl = explained["dacl"]
    assert (dacl["state"], dacl["protected"], dacl["auto_inherited"]) == ("present", True, True)
    assert [ace["type"] for ace in dacl["aces"]] == ["deny", "allow", "allow"]
    inherited = dacl["aces"][1]
    assert inherited["inherited"] is True
    assert (inherited["mask"], inherited["flags"]) == ("0x1f01ff", "OICIID")
    assert inherited["applies_to"] == "this folder, subfolders and files"
    assert "name" not in dacl["aces"][2]
    assert explained["sacl"]["aces"][0]["sid"] == "S-1-1-0"


def test_explain_reads_lines_and_goes_on_after_a_bad_one(rrsmb):
    done = rrsmb("sddl", "explain", "--json", stdin="O:SY\nnonsense\nO:BA\n", code=3)
    first, second, third = [json.loads(line) for line in done.lines]
    assert first["owner"]["sid"] == "S-1-5-18"
    assert list(second) == ["error"]
    assert third["owner"]["sid"] == "S-1-5-32-544"
    blocks = rrsmb("sddl", "explain", stdin="O:SY\nO:BA\n").out.split("\n\n")
    assert [block.splitlines()[0][:6] for block in blocks if block] == ["owner:", "owner:"]
