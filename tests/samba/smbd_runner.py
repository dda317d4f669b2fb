# SPDX-License-Identifier: Apache-2.0
"""A private smbd: own folders, own network, own users, nothing of the system changed.

The server lives in namespaces of its own (mounts, network, processes). In there, port 445 is
free; /etc/passwd and /etc/group are copies with the test users added; and Samba's folder of VFS
modules is a copy with the module under test added, because smbd loads modules from there only.
When the runner ends, however it ends, the kernel takes all of it away.

Needs root, and Samba as installed by scripts/setup-samba-source.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
USERS = {"rrsmb-ann": 64101, "rrsmb-ben": 64102}
ANN, BEN = USERS
TEAM, TEAM_NUMBER = "rrsmb-team", 64103  # both users are in it
PASSWORD = "Correct-Horse-7"
START_SECONDS = 60


class SambaError(RuntimeError):
    """Something that the runner needs did not work; the message says what and why."""


def modules_folder():
    """Where smbd loads its modules from."""
    output = subprocess.run(
        ["smbd", "-b"], capture_output=True, text=True, check=True, env=_environment()
    ).stdout
    return pathlib.Path(re.search(r"^\s*MODULESDIR:\s*(\S+)", output, re.M).group(1))


def _environment(**more):
    environment = {"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"}
    environment.update(more)
    return environment


def wait_until(condition, what, seconds=30):
    """Wait for a condition; complain after a deadline."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise SambaError(f"waited {seconds} s for: {what}")
        time.sleep(0.02)


class Server:
    """A private smbd with its shares. Use as a context manager, or call start() and stop()."""

    def __init__(self, build=None, folder=None):
        """build: folder of the build that has the module (None: packaged modules only)."""
        self.build = pathlib.Path(build).resolve() if build else None
        if folder is None:
            # Not below /tmp/pytest-of-root and the like: the test users must get through.
            folder = tempfile.mkdtemp(prefix="rrsmb-smbd-", dir="/var/tmp")
            self._made_folder = True
        else:
            self._made_folder = False
        self.folder = pathlib.Path(folder).resolve()
        self.folder.chmod(0o755)
        self.shares = {}
        self.global_lines = []
        self._holder = None
        self._smbd = None

    # ---- what is to be served ----

    def add_share(self, name, lines=(), owner=ANN, path=None):
        """Add a share with its own folder; before start(), or followed by reload()."""
        path = pathlib.Path(path) if path else self.folder / "shares" / name
        if not path.exists():
            path.mkdir(parents=True)
            os.chown(path, USERS[owner], USERS[owner])
        self.shares[name] = (path, list(lines))
        return path

    def path(self, share):
        """The folder of a share."""
        return self.shares[share][0]

    @property
    def log(self):
        """Everything that smbd has logged so far."""
        return (self.folder / "log.smbd").read_text(errors="replace")

    # ---- life ----

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Make the namespaces, the users, and start smbd; returns when it listens."""
        if os.geteuid() != 0:
            raise SambaError("a private smbd needs root")
        try:
            for name in ("private", "lock", "state", "cache", "pid", "ncalrpc", "etc", "vfs"):
                (self.folder / name).mkdir(mode=0o755, exist_ok=True)
            self._write_accounts()
            self._copy_modules()
            self.write_configuration()
            self._make_namespaces()
            for user in USERS:
                self.run(
                    ["smbpasswd", "-c", self.configuration, "-s", "-a", user],
                    input=f"{PASSWORD}\n{PASSWORD}\n",
                )
            self.start_smbd()
        except BaseException:
            self.stop()
            raise
        return self

    def start_smbd(self):
        """Start smbd itself, in namespaces that are there."""
        environment = {}
        if self.build:
            environment["LD_LIBRARY_PATH"] = str(self.build / "lib")
        self._smbd = subprocess.Popen(
            self._inside(["smbd", "--foreground", "--no-process-group", "-s", self.configuration]),
            env=_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "log.stderr", "ab"),
        )
        wait_until(self._answers, "smbd to answer", START_SECONDS)

    def stop_smbd(self):
        """Stop smbd and its clients; the namespaces and folders stay."""
        if self._smbd and self._smbd.poll() is None:
            self._smbd.send_signal(signal.SIGTERM)
            try:
                self._smbd.wait(20)
            except subprocess.TimeoutExpired:
                self._smbd.kill()
                self._smbd.wait()
        self._smbd = None

    def stop(self):
        """Stop everything and remove the folder."""
        self.stop_smbd()
        if self._holder:
            self._holder.kill()
            self._holder.wait()
            self._holder = None
        if self._made_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def reload(self):
        """Write the configuration anew and restart smbd with it."""
        self.stop_smbd()
        self.write_configuration()
        self.start_smbd()

    # ---- commands in there ----

    def run(self, command, check=True, timeout=300, **options):
        """Run a command inside; gives the CompletedProcess with text output."""
        result = subprocess.run(
            self._inside([str(word) for word in command]),
            env=_environment(**options.pop("env", {})),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            **({"stdin": subprocess.DEVNULL} | options if "input" not in options else options),
        )
        if check and result.returncode != 0:
            raise SambaError(
                f"{' '.join(map(str, command))} failed ({result.returncode}):\n{result.stdout}"
            )
        return result

    def smbclient(self, share, commands, user=ANN, check=True, **options):
        """Run smbclient commands (text, separated by `;`)."""
        return self.run(
            ["smbclient", f"//127.0.0.1/{share}", "-s", self.client_configuration]
            + ["-U", f"{user}%{PASSWORD}", "-c", commands],
            check=check,
            **options,
        )

    def smbcacls(self, share, name, *arguments, user=ANN, check=True):
        """Run smbcacls on a file of a share."""
        return self.run(
            ["smbcacls", f"//127.0.0.1/{share}", name, "-s", self.client_configuration]
            + ["-U", f"{user}%{PASSWORD}", *arguments],
            check=check,
        )

    def sddl(self, share, name, user=ANN):
        """The descriptor of a file as a client reads it, as SDDL."""
        return self.smbcacls(share, name, "--sddl", user=user).stdout.split()[-1]

    def set_sddl(self, share, name, sddl, user=ANN):
        """Set a whole descriptor, given as SDDL."""
        self.smbcacls(share, name, "--sddl", "-S", sddl, user=user)

    def python(self, share, code, user=ANN, **options):
        """Run Python code inside with a connection `smb` (python3-samba) to a share."""
        prelude = f"""
from samba.credentials import Credentials
from samba.param import LoadParm
from samba.samba3 import libsmb_samba_internal as libsmb, param as s3param
from samba.dcerpc import security
lp = LoadParm()
lp.load({str(self.client_configuration)!r})
s3param.get_context().load({str(self.client_configuration)!r})
credentials = Credentials()
credentials.guess(lp)
credentials.set_username({user!r})
credentials.set_password({PASSWORD!r})
smb = libsmb.Conn("127.0.0.1", {share!r}, s3param.get_context(), credentials)
"""
        return self.run(["/usr/bin/python3", "-c", prelude + code], **options)

    def rrsmb(self, *arguments, check=True, **options):
        """Run the rrsmb command on this server's store."""
        return self.run(
            [self.build / "tools" / "rrsmb", "--store", self.store_uri, *arguments],
            check=check,
            **options,
        )

    @contextlib.contextmanager
    def held_write_lock(self):
        """While this lasts, another process holds the write lock of this server's store."""
        holder = subprocess.Popen(
            self._inside([self.build / "tests" / "samba" / "hold_write_lock", self.store]),
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            if holder.stdout.readline() != "held\n":
                raise SambaError(f"cannot take the write lock of {self.store}")
            yield
        finally:
            holder.communicate("", timeout=20)

    @property
    def store(self):
        """The folder of this server's store."""
        return self.folder / "store"

    @property
    def store_uri(self):
        """The URI of this server's store."""
        return f"lmdb://{self.store}"

    def sid(self, user):
        """The SID of a test user."""
        output = self.run(["pdbedit", "-s", self.configuration, "-L", "-v", user]).stdout
        return re.search(r"User SID:\s*(\S+)", output).group(1)

    # ---- details ----

    @property
    def configuration(self):
        """The server's smb.conf."""
        return self.folder / "etc" / "smb.conf"

    @property
    def client_configuration(self):
        """The clients' smb.conf."""
        return self.folder / "etc" / "client.conf"

    def write_configuration(self):
        """Write smb.conf for the shares as they are now."""
        folder = self.folder
        common = [
            "[global]",
            "workgroup = RRSMB",
            "netbios name = RRSMB",
            f"private dir = {folder}/private",
            f"lock directory = {folder}/lock",
            f"state directory = {folder}/state",
            f"cache directory = {folder}/cache",
            f"pid directory = {folder}/pid",
            f"ncalrpc dir = {folder}/ncalrpc",
            "disable netbios = yes",
        ]
        server = common + [
            "server role = standalone server",
            f"passdb backend = tdbsam:{folder}/private/passdb.tdb",
            f"log file = {folder}/log.smbd",
            "max log size = 0",
            "log level = 1",
            "smb ports = 445",
            "interfaces = lo",
            "bind interfaces only = yes",
            "load printers = no",
            "printing = bsd",
            "printcap name = /dev/null",
            "disable spoolss = yes",
            *self.global_lines,
        ]
        for name, (path, lines) in self.shares.items():
            server += [f"[{name}]", f"path = {path}", "read only = no", *lines]
        self.configuration.write_text("\n".join(server) + "\n")
        self.client_configuration.write_text("\n".join(common) + "\n")

    def _write_accounts(self):
        for name, line in (
            ("passwd", "{0}:x:{1}:{1}:test user:/nonexistent:/usr/sbin/nologin\n"),
            ("group", "{0}:x:{1}:\n"),
        ):
            text = pathlib.Path("/etc", name).read_text()
            for user, number in USERS.items():
                text += line.format(user, number)
            if name == "group":
                text += f"{TEAM}:x:{TEAM_NUMBER}:{','.join(USERS)}\n"
            (self.folder / "etc" / name).write_text(text)

    def _copy_modules(self):
        shutil.copytree(modules_folder() / "vfs", self.folder / "vfs", dirs_exist_ok=True)
        if self.build:
            module = self.build / "vfs_shim" / "acl_ddb.so"
            if not module.exists():
                raise SambaError(f"{module} is not built: configure with -Dsamba=true")
            shutil.copy(module, self.folder / "vfs")

    def _make_namespaces(self):
        script = f"""
            set -e
            mount --bind {self.folder}/vfs {modules_folder()}/vfs
            mount --bind {self.folder}/etc/passwd /etc/passwd
            mount --bind {self.folder}/etc/group /etc/group
            ip link set lo up
            echo ready
            exec sleep infinity
        """
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork"]
            + ["--kill-child", "--mount-proc", "sh", "-c", script],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=open(self.folder / "log.stderr", "ab"),
            text=True,
        )
        if self._holder.stdout.readline().strip() != "ready":
            reason = (self.folder / "log.stderr").read_text(errors="replace")
            raise SambaError(f"cannot make namespaces for a private smbd: {reason}")
        children = pathlib.Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        self._inner = int(children.read_text().split()[0])

    def _inside(self, command):
        return ["nsenter", "--target", str(self._inner), "--mount", "--net", "--pid", "--"] + [
            str(word) for word in command
        ]

    def _answers(self):
        if self._smbd.poll() is not None:
            stderr = (self.folder / "log.stderr").read_text(errors="replace")
            raise SambaError(f"smbd ended with {self._smbd.returncode}:\n{stderr}\n{self.log}")
        return (
            self.run(
                ["smbclient", "-L", "127.0.0.1", "-s", self.client_configuration]
                + ["-U", f"{ANN}%{PASSWORD}"],
                check=False,
            ).returncode
            == 0
        )
