#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/sd/golden.txt: descriptors, their canonical form and its SHA-256.

usage: golden.py LIBRARY > golden.txt

The file is a promise: a stored descriptor must keep its hash for as long as stores exist. It is
made once and then only ever grows; a difference that a test finds is an error of the library.
"""
import hashlib
import sys

import differential

COUNT = 500


class Everything(differential.Generator):
    """What Samba 4.17 does not know as well: conditions, attributes, labels, policies."""

    def name(self):
        names = ("a", "Title", "Level", "b.c", "d%0020e", "f_1", "%d83d", "g%00e4")
        return self.random.choice(names)

    def attribute(self):
        prefix = self.random.choice(("@User.", "@Device.", "@Resource.", "@USER.", ""))
        return prefix + self.name()

    def literal(self):
        number = self.random.choice((0, 1, 7, 2**31, 2**63 - 1, self.random.getrandbits(40)))
        form = self.random.choice(("%d", "0x%x", "0%o", "+%d", "-%d", "-0x%x"))
        return self.random.choice((
            form % number,
            '"%s"' % self.random.choice(("", "x", "a b", "\u00e4\u20ac", "\U0001f600", "(;)")),
            "#%x" % self.random.choice((0x10, 0xabcdef12)),
            "SID(%s)" % self.sid(),
        ))

    def composite(self, member):
        return "{%s}" % self.random.choice((",", ", ")).join(
            member() for _ in range(self.random.randint(1, 4)))

    def term(self):
        kind = self.random.randint(0, 5)
        if kind == 0:
            return self.random.choice(("Exists ", "Not_Exists ")) + self.attribute()
        if kind == 1:
            words = ("Member_of", "Not_Member_of", "Device_Member_of", "Not_Device_Member_of",
                     "Member_of_Any", "Not_Member_of_Any", "Device_Member_of_Any",
                     "Not_Device_Member_of_Any")
            return self.random.choice(words) + " " + self.composite(
                lambda: "SID(%s)" % self.sid())
        if kind == 2:
            return self.attribute()
        operator = self.random.choice(("==", "!=", "<", "<=", ">", ">=", "Contains", "Any_of",
                                       "Not_Contains", "Not_Any_of"))
        right = self.random.choice((self.literal, self.attribute,
                                    lambda: self.composite(self.literal)))
        return "%s %s %s" % (self.attribute(), operator, right())

    def condition(self, depth=4):
        kind = self.random.randint(0, 3) if depth else 0
        if kind == 0:
            return self.term()
        if kind == 1:
            return "!(%s)" % self.condition(depth - 1)
        operator = self.random.choice(("&&", "||", " && ", " || "))
        left, right = self.condition(depth - 1), self.condition(depth - 1)
        if self.random.random() < 0.5:
            right = "(%s)" % right
        return left + operator + right

    def resource(self):
        kinds = {
            "TI": lambda: str(self.random.choice((0, -1, 2**63 - 1, -2**63))),
            "TU": lambda: str(self.random.choice((0, 2**64 - 1))),
            "TS": lambda: '"%s"' % self.random.choice(("", "x", "\u00e4")),
            "TD": lambda: "SID(%s)" % self.sid(),
            "TX": lambda: "#%x" % self.random.choice((0x10, 0xabcdef)),
            "TB": lambda: self.random.choice("01"),
        }
        kind = self.random.choice(sorted(kinds))
        values = [kinds[kind]() for _ in range(self.random.randint(0, 3))]
        return '("%s",%s,0x%x%s)' % (self.name(), kind, self.random.choice((0, 2, 0x10000)),
                                     "".join("," + value for value in values))

    def ace(self, types):
        ace = super().ace(types)
        kind = self.random.random()
        if kind < 0.4:
            return ace
        body = ace[ace.index(";"):-1]
        if kind < 0.7 and ace[1] != "O":
            return "(%s%s;(%s))" % ("XU" if ace[1:3] in ("AU", "AL") else
                                    self.random.choice(("XA", "XD")), body, self.condition())
        if kind < 0.8:
            return "(ZA%s;(%s))" % (body, self.condition())
        if kind < 0.9:
            return "(RA;;;;;WD;%s)" % self.resource()
        return self.random.choice(("(ML;;NWNR;;;HI)", "(SP;CI;;;;S-1-17-1-2)", "(A;CR;FA;;;BA)"))

    def sddl(self):
        if self.random.random() < 0.1:
            return self.random.choice(("O:BA", "")) + self.random.choice((
                "D:NO_ACCESS_CONTROL", "D:P", "D:", "S:", "D:AIS:NO_ACCESS_CONTROL", "S:P"))
        return super().sddl()


def main():
    library = differential.Library(sys.argv[1])
    generators = (differential.Generator(500), Everything(501))
    for generator in generators:
        generator.most_aces = 3
    print("# SHA-256 of the canonical form, a descriptor, its canonical form: see golden.py")
    for i in range(COUNT):
        text = generators[i % 2].sddl()
        status, data = library.encode(text)
        assert status == differential.OK, text
        canonical = library.decode(data)[1]
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        print(digest, text.replace(" ", "\t") or "-", canonical.replace(" ", "\t") or "-")


if __name__ == "__main__":
    main()
