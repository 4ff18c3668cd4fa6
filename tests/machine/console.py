# SPDX-License-Identifier: GPL-2.0
"""A machine in QEMU, and its root shell on the second serial port."""

import itertools
import os
import re
import select
import socket
import subprocess
import time


class Failed(Exception):
    """A step of the test that did not end as it should."""


class Machine:
    """A machine that is on. It may be started again from within, as often as one likes."""

    # Nothing here measures time: these only end what hangs.
    BOOT = 1500
    COMMAND = 2400

    def __init__(self, qemu, directory):
        self.path = os.path.join(directory, "shell")
        self.log = open(os.path.join(directory, "shell.log"), "wb")
        self.pending = b""
        self.tags = itertools.count()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(1)
        with open(os.path.join(directory, "qemu.log"), "wb") as out:
            self.process = subprocess.Popen(
                [*qemu, "-chardev", f"socket,id=shell,path={self.path}", "-serial", "chardev:shell"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        listener.settimeout(60)
        self.line, _ = listener.accept()

    def read_until(self, pattern, timeout):
        """What comes until the pattern does; the rest is for the next call."""
        end = time.monotonic() + timeout
        while not (found := re.search(pattern, self.pending)):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.line], [], [], left)[0]:
                raise Failed(f"nothing matched {pattern!r} for {timeout} s after: {self.pending[-600:]!r}")
            data = self.line.recv(65536)
            if not data:
                raise Failed(f"the machine went off: {self.pending[-600:]!r}")
            self.log.write(data)
            self.log.flush()
            self.pending += data
        before, self.pending = self.pending[: found.start()], self.pending[found.end() :]
        return before, found

    def send(self, text):
        self.line.sendall(text.encode())

    def wait_for_shell(self):
        """Waits until the machine has booted and its shell takes commands."""
        self.read_until(rb"# $", self.BOOT)
        self.send("stty -echo cols 250; bind 'set enable-bracketed-paste off' 2>/dev/null; PS1=; PS2=\n")
        self.send("echo ready-$((1 + 1))\n")
        self.read_until(rb"ready-2\r?\n", 120)
        # Jobs that were started at boot, as the swap unit, are done.
        self.shell("systemctl is-system-running --wait")

    def shell(self, command, timeout=COMMAND):
        """Runs a command; its status and output."""
        tag = f"done-{next(self.tags)}"
        self.send(f"{{ {command}\n}} </dev/null 2>&1; echo {tag[:4]}'{tag[4:]}' $?\n")
        output, found = self.read_until(rb"%s (\d+)\r?\n" % tag.encode(), timeout)
        return int(found[1]), output.decode(errors="replace").replace("\r", "").strip()

    def run(self, command):
        """The output of a command that must succeed."""
        status, output = self.shell(command)
        if status != 0:
            raise Failed(f"{command}: status {status}: {output}")
        return output

    def reboot(self):
        """Starts the machine again as an administrator does."""
        self.send("systemctl reboot\n")
        self.wait_for_shell()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
