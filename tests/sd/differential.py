#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Descriptors by librrsmb and by Samba, compared.

usage: differential.py LIBRARY [COUNT [SEED]]

Random descriptors go through both implementations in both directions and must give the same
bytes; random access checks must give the same answer. Where the two differ on purpose, the
difference stands in DIFFERENCES below and in docs/descriptors.md, and is itself checked.
RRSMB_DIFFERENTIAL in the environment overrides COUNT (200000 is the full run).
"""
import ctypes
import os
import random
import sys

from samba import NTSTATUSError
from samba import security as samba_security
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack

DOMAIN = "S-1-5-21-1-2-3"
OK, BAD_SDDL, UNSUPPORTED = 0, 2002, 2004
MAXIMUM_ALLOWED = 0x02000000
SIZE = 300000

# Text, canonical form here (None: refused), what Samba 4.17 makes of it (None: refused).
DIFFERENCES = [
    # Samba gives FA the specific rights alone; Windows FILE_ALL_ACCESS.
    ("D:(A;;FA;;;WD)", "D:(A;;0x1f01ff;;;S-1-1-0)", "D:(A;;0x1ff;;;S-1-1-0)"),
    # Samba reads decimal and octal masks, unknown names and any other case as no right at all.
    ("D:(A;;16;;;WD)", "D:(A;;0x10;;;S-1-1-0)", "D:(A;;0x0;;;S-1-1-0)"),
    ("D:(A;;020;;;WD)", "D:(A;;0x10;;;S-1-1-0)", "D:(A;;0x0;;;S-1-1-0)"),
    ("D:(A;;gr;;;WD)", "D:(A;;0x80000000;;;S-1-1-0)", "D:(A;;0x0;;;S-1-1-0)"),
    # Samba stops at the first part of a mask that is no name.
    ("D:(A;;GR0x1;;;WD)", "D:(A;;0x80000001;;;S-1-1-0)", "D:(A;;0x80000000;;;S-1-1-0)"),
    # Samba does not know the rights of registry keys and labels, nor these types and forms.
    ("D:(A;;KA;;;WD)", "D:(A;;0xf003f;;;S-1-1-0)", None),
    ("S:(ML;;NW;;;LW)", "S:(ML;;0x1;;;S-1-16-4096)", None),
    ("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL", None),
    ("D:(XA;;FR;;;WD;(a))", "D:(XA;;0x120089;;;S-1-1-0;(a))", None),
    ("S:(RA;;;;;WD;(\"a\",TI,0,1))", "S:(RA;;0x0;;;S-1-1-0;(\"a\",TI,0x0,1))", None),
    ("S:(SP;;;;;S-1-17-1)", "S:(SP;;0x0;;;S-1-17-1)", None),
    # Samba reads no spaces between sections, lower-case aliases, hexadecimal SIDs.
    ("O:BA G:BA", "O:S-1-5-32-544G:S-1-5-32-544", None),
    ("O:ba", "O:S-1-5-32-544", None),
    ("O:S-1-5-0x20", "O:S-1-5-32", None),
    ("O:S-1-0x100000000-1", "O:S-1-0x000100000000-1", None),
    ("O:HO", "O:S-1-5-32-584", None),
    # Samba takes the letter of the next section for a flag where the ACL is empty.
    ("D:PG:BA", "G:S-1-5-32-544D:P", None),
    # Samba forgets a GUID in an ACE that has no place for it.
    ("D:(A;;GR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)", None,
     "D:(A;;0x80000000;;;S-1-1-0)"),
]

ALIASES = ("AA AC AN AO AP AS AU BA BG BO BU CA CD CG CN CO CY DA DC DD DG DU EA ED EK ER ES HA "
           "HI IS IU KA LA LG LS LU LW ME MP MS MU NO NS NU OW PA PO PS PU RA RC RD RE RM RO RS "
           "RU SA SI SO SS SU SY UD WD WR").split()
RIGHTS = "GA GX GW GR SD RC WD WO CC DC LC SW RP WP DT LO CR FR FW FX".split()
FLAGS = "OI CI NP IO ID SA FA".split()


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("domain_sid", ctypes.c_char_p)]


class TokenSid(ctypes.Structure):
    _fields_ = [("sid", ctypes.c_char_p), ("length", ctypes.c_size_t), ("deny_only", ctypes.c_int)]


class TokenOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("sids", ctypes.POINTER(TokenSid)),
                ("sid_count", ctypes.c_size_t), ("device_sids", ctypes.c_void_p),
                ("device_sid_count", ctypes.c_size_t), ("privileges", ctypes.c_uint32)] + [
                    (name + str(i), kind) for i in range(3)
                    for name, kind in (("claims", ctypes.c_void_p), ("count", ctypes.c_size_t))]


class Library:
    """What the tests need of librrsmb."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        for name in ("rrsmb_sd_from_sddl", "rrsmb_sd_to_sddl", "rrsmb_sd_canonicalize"):
            getattr(self.c, name).restype = ctypes.c_int32
        self.options = Options(ctypes.sizeof(Options), DOMAIN.encode())
        self.buffer = ctypes.create_string_buffer(SIZE)
        self.length = ctypes.c_size_t()

    def _call(self, function, *arguments):
        status = function(*arguments, self.buffer, ctypes.c_size_t(SIZE), ctypes.byref(self.length))
        return status, self.buffer[:self.length.value] if status == OK else b""

    def encode(self, text):
        text = text.encode()
        return self._call(self.c.rrsmb_sd_from_sddl, text, ctypes.c_size_t(len(text)),
                          ctypes.byref(self.options))

    def decode(self, data):
        status, text = self._call(self.c.rrsmb_sd_to_sddl, data, ctypes.c_size_t(len(data)))
        return status, text.decode()

    def canonicalize(self, data):
        return self._call(self.c.rrsmb_sd_canonicalize, data, ctypes.c_size_t(len(data)))

    def access(self, data, sids, privileges, desired):
        """The rights granted to a token of these SIDs; 0 is denied."""
        view = ctypes.create_string_buffer(512)
        token = ctypes.c_void_p()
        granted = ctypes.c_uint32()
        packed = [ndr_pack(sid) for sid in sids]
        array = (TokenSid * len(sids))(*[(sid, len(sid), 0) for sid in packed])
        options = TokenOptions(size=ctypes.sizeof(TokenOptions), sids=array, sid_count=len(sids),
                               privileges=privileges)
        assert self.c.rrsmb_sd_parse(data, ctypes.c_size_t(len(data)), view) == OK
        assert self.c.rrsmb_token_new(ctypes.byref(options), ctypes.byref(token)) == OK
        assert self.c.rrsmb_sd_access_check(view, token, ctypes.c_uint32(desired),
                                            ctypes.byref(granted)) == OK
        self.c.rrsmb_token_free(token)
        return granted.value


class Generator:
    """Random SDDL of the kind that both sides know."""

    most_aces = 20

    def __init__(self, seed):
        self.random = random.Random(seed)

    def mixed_case(self, text):
        return "".join(self.random.choice((c.lower(), c.upper())) for c in text)

    def sid(self):
        kind = self.random.random()
        if kind < 0.5:
            return self.random.choice(ALIASES)
        if kind < 0.8:
            return "%s-%d" % (DOMAIN, self.random.choice((500, 512, 1000, 2**32 - 1)))
        authority = self.random.choice((0, 1, 5, 16, 2**32 - 1))
        parts = [self.random.choice((0, 1, 32, 2**31, 2**32 - 1, self.random.getrandbits(32)))
                 for _ in range(self.random.randint(1, 15))]
        return "S-1-%d-%s" % (authority, "-".join(map(str, parts)))

    def rights(self):
        if self.random.random() < 0.5:
            return "0x%x" % self.random.choice((0, 1, 0x1f01ff, 2**32 - 1,
                                                self.random.getrandbits(32)))
        return "".join(self.random.sample(RIGHTS, self.random.randint(0, 6)))

    def guid(self):
        text = "%032x" % self.random.getrandbits(128)
        return self.mixed_case("-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))

    def ace(self, types):
        kind = self.random.choice(types)
        guids = [self.guid() if kind[0] == "O" and self.random.random() < 0.6 else ""
                 for _ in range(2)]
        flags = "".join(self.random.sample(FLAGS, self.random.randint(0, len(FLAGS))))
        return "(%s;%s;%s;%s;%s;%s)" % (kind, flags, self.rights(), *guids, self.sid())

    def acl(self, types):
        count = min(self.most_aces, self.random.choice((0, 1, 2, 3, 8, self.random.randint(0, 20))))
        # Samba cannot read flags of an empty ACL before another section: see DIFFERENCES.
        flags = self.random.sample(("P", "AR", "AI"), self.random.randint(0, 3) if count else 0)
        return "".join(flags) + "".join(self.ace(types) for _ in range(count))

    def sddl(self):
        sections = [("O:", self.sid()), ("G:", self.sid()),
                    ("D:", self.acl(("A", "D", "OA", "OD"))),
                    ("S:", self.acl(("AU", "AL", "OU", "OL")))]
        chosen = [s for s in sections if self.random.random() < 0.8]
        self.random.shuffle(chosen)
        return "".join(letter + rest for letter, rest in chosen)


def with_our_revisions(data):
    """Samba writes ACL revision 4 always; here it is 4 where an object ACE stands, else 2."""
    data = bytearray(data)
    for field in (12, 16):
        at = int.from_bytes(data[field:field + 4], "little")
        if at == 0:
            continue
        position, revision = at + 8, 2
        for _ in range(int.from_bytes(data[at + 4:at + 6], "little")):
            if data[position] in (5, 6, 7, 8):
                revision = 4
            position += int.from_bytes(data[position + 2:position + 4], "little")
        assert data[at] == 4
        data[at] = revision
    return bytes(data)


def samba_encode(text, domain):
    return ndr_pack(security.descriptor.from_sddl(text, domain))


def compare(library, text, domain):
    theirs = samba_encode(text, domain)
    status, ours = library.encode(text)
    assert status == OK, "refused: %d" % status
    assert ours == with_our_revisions(theirs), "bytes\n%s\n%s" % (ours.hex(), theirs.hex())
    assert library.canonicalize(theirs) == (OK, ours), "canonical form of Samba's bytes"
    status, canonical = library.decode(theirs)
    assert status == OK
    assert library.encode(canonical) == (OK, ours), "identity"
    assert samba_encode(canonical, domain) == theirs, "Samba reads %s differently" % canonical
    assert ndr_pack(ndr_unpack(security.descriptor, ours)) == ours, "Samba takes our bytes"
    samba_text = ndr_unpack(security.descriptor, ours).as_sddl(domain)
    # Samba writes FA for 0x1ff, which it does not mean as Windows does.
    if ";FA;" not in samba_text.replace(";FA;0", ";0"):
        assert library.encode(samba_text)[1] == ours, "Samba's text %s" % samba_text


def check_differences(library, domain):
    for text, ours_expected, theirs_expected in DIFFERENCES:
        status, ours = library.encode(text)
        ours = library.decode(ours)[1] if status == OK else None
        assert ours == ours_expected, "%s: here %s" % (text, ours)
        try:
            theirs = library.decode(samba_encode(text, domain))[1]
        except Exception:  # pylint: disable=broad-except
            theirs = None
        assert theirs == theirs_expected, "%s: Samba %s" % (text, theirs)


SAMBA_PRIVILEGES = ((1, security.SEC_PRIV_SECURITY), (2, security.SEC_PRIV_TAKE_OWNERSHIP))


def samba_access(descriptor, token, desired):
    try:
        return samba_security.access_check(descriptor, token, desired)
    except NTSTATUSError:
        return 0


def compare_access(library, generator, domain, accounts):
    rng = generator.random
    def mask():
        return "0x%x" % (rng.getrandbits(21) & rng.getrandbits(21) & 0x1f01ff)
    aces = "".join("(%s;%s;%s;;;%s)" % (rng.choice("AAD"), rng.choice(("", "", "OI", "CIIO", "ID")),
                                        mask(), rng.choice(accounts + ["OW"]))
                   for _ in range(rng.randint(0, 8)))
    text = "O:%sG:SYD:%s" % (rng.choice(accounts), aces)
    sids = rng.sample(accounts, rng.randint(1, len(accounts)))
    desired = int(mask(), 16) if rng.random() < 0.7 else MAXIMUM_ALLOWED
    if rng.random() < 0.1:
        desired |= rng.choice((0x01000000, 0x80000, MAXIMUM_ALLOWED))
    descriptor = security.descriptor.from_sddl(text, domain)
    token = security.token()
    token.sids = [security.dom_sid(sid) for sid in sids]
    token.num_sids = len(sids)
    privileges = 0
    for ours, theirs in SAMBA_PRIVILEGES:
        if rng.random() < 0.2:
            privileges |= ours
            token.set_privilege(theirs)
    expected = samba_access(descriptor, token, desired)
    granted = library.access(ndr_pack(descriptor), token.sids, privileges, desired)
    assert granted == expected, "access %s by %s asked for 0x%x: 0x%x, Samba 0x%x" % (
        text, sids, desired, granted, expected)


def main():
    library = Library(sys.argv[1])
    count = int(os.environ.get("RRSMB_DIFFERENTIAL") or (sys.argv[2:] or ["20000"])[0])
    seed = int((sys.argv[3:] or ["1"])[0])
    domain = security.dom_sid(DOMAIN)
    generator = Generator(seed)
    check_differences(library, domain)
    for i in range(count):
        text = generator.sddl()
        try:
            compare(library, text, domain)
        except Exception as error:  # whatever it is, the text is what is needed
            sys.exit("seed %d, descriptor %d: %s\n%s" % (seed, i, text, error))
    accounts = ["S-1-5-21-1-2-3-%d" % rid for rid in range(1001, 1006)] + ["S-1-1-0"]
    for i in range(count):
        compare_access(library, generator, domain, accounts)
    print("%d differences as written down; %d descriptors and %d access checks agree with Samba "
          "(seed %d)" % (len(DIFFERENCES), count, count, seed))


if __name__ == "__main__":
    main()
