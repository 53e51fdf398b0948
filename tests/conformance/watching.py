"""What leaves a program for the network, seen from outside of it: by the system calls that it makes, or by packets.

Where it can be had, the program has a network of its own, without a way out: what would leave is seen, and stays.
"""

import re
import shutil
import subprocess

__all__ = ["WATCHING", "packets", "system_calls"]

_REACHES = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*?sa_family=AF_INET6?, ")
_PLACE = re.compile(r"sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\"")
_LOOPBACK = re.compile(r"127\.|::1$|::ffff:127\.")
_ALONE = ["unshare", "--map-root-user", "--net"]
_LEADS_BACK = 'ip link set lo up && ip route add default dev lo && ip -6 route add default dev lo; exec "$@"'
_COUNTED = re.compile(r"^\s*lo:\s*\d+\s+(\d+)", re.MULTILINE)


def _works(command):
    return shutil.which(command[0]) and subprocess.run(command, capture_output=True, check=False).returncode == 0


def system_calls(command, log):
    """Every place but the loopback that the program and its children tried to reach, as `host:port`.

    None where this system does not let anybody watch.
    """
    watching = ["strace", "--follow-forks", "--quiet=all", "--trace=network", "--output", str(log)]
    if not _works([*watching, "true"]):
        return None
    alone = _ALONE if _works([*_ALONE, "true"]) else []
    done = subprocess.run([*alone, *watching, *command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in log.read_text().splitlines() if _REACHES.search(line)]
    places = [match for line in lines for match in _PLACE.findall(line)]
    return [f"{host}:{port}" for port, host in places if not _LOOPBACK.match(host)]


def packets(command, _log):
    """One entry for each packet that left the program, the loopback's too; None where it can have no network."""
    alone = [*_ALONE, "sh", "-c", _LEADS_BACK, "sh"]
    if not _works([*alone, "true"]):
        return None
    counting = ["sh", "-c", '"$@" && cat /proc/net/dev', "sh"]
    done = subprocess.run([*alone, *counting, *command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return ["packet"] * int(_COUNTED.search(done.stdout)[1])


WATCHING = {"system calls": system_calls, "packets": packets}
