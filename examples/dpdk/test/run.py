#!/usr/bin/env python3
"""Tests examples/dpdk: from file to file, in a network of namespaces, and what the director costs.

run.py DIRECTOR [golden | network | speed]...     all of them without words
"""
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EAL = ["--no-huge", "--no-pci", "--no-telemetry", "-m", "256", "--log-level=lib.eal:4"]
SPACES = ["lvsdpdk%s" % name for name in ("net", "client", "s11", "s12", "s13", "s14")]
NET, CLIENT = SPACES[:2]
FIRST_PORTS = itertools.count(10000, 200)


def here(name):
    return os.path.join(HERE, name)


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, "%s\n%s" % (" ".join(words), done.stdout)
    return done.stdout


def check(what, good, details=""):
    print("%s %s%s" % ("ok  " if good else "BAD ", what, "" if good else ": %s" % (details,)), flush=True)
    if not good:
        sys.exit(1)


# --- from file to file -----------------------------------------------------------------------------

NEIGHBORS = {
    "10.2.0.1": "02:00:00:00:00:01", "10.2.0.2": "02:00:00:00:00:02", "10.2.1.1": "02:00:00:00:01:01",
    "10.2.1.2": "02:00:00:00:01:02", "10.2.1.3": "02:00:00:00:01:03",
    "2001:db8:2::1": "02:00:00:00:06:01", "2001:db8:2::2": "02:00:00:00:06:02",
}


def forward(director, out, port):
    """Sends the flows in by port 0, and the servers' frames out by `port`."""
    words = ["--virtual", "192.0.2.100", "--virtual", "2001:db8::100", "--own", "10.2.0.254",
             "--local", "10.2.1.100", "--neighbor", "0.0.0.0=02:00:00:00:09:09", "--packets", "249"]
    for address, mac in NEIGHBORS.items():
        words += ["--neighbor", "%s=%s@%d" % (address, mac, port)]
    devices = ["--vdev=net_pcap0,rx_pcap=%s,tx_pcap=%s" % (here("flows.pcap"), out[0])]
    if port == 1:
        devices += ["--vdev=net_pcap1,tx_pcap=%s" % out[1]]
    run(director, "-l", "0", *EAL, "--file-prefix", "lvsdpdkgolden", *devices,
        "--", "--rules", here("golden.rules"), *words)
    tell = [sys.executable, here("flows.py"), "tell"]
    return [run(*tell, path).splitlines(True) for path in out[:port + 1]]


def golden(director, folder):
    flows, out = os.path.join(folder, "flows.pcap"), [os.path.join(folder, "out%d.pcap" % i) for i in (0, 1)]
    run(sys.executable, here("flows.py"), "write", flows)
    check("the committed flows are those of flows.py",
          open(flows, "rb").read() == open(here("flows.pcap"), "rb").read())
    expected = open(here("golden.txt")).readlines()
    told = forward(director, out, 0)
    check("frames went where they should, checksums good", told == [expected], told)
    told = forward(director, out, 1)
    to_clients = [line for line in expected if "02:00:00:00:09" in line]
    to_servers = [line for line in expected if line not in to_clients]
    check("by two ports, too", told == [to_clients, to_servers], told)


# --- a network of namespaces -----------------------------------------------------------------------

def inside(space, *words):
    return run("ip", "netns", "exec", space, *words)


def remove_spaces():
    for space in SPACES:
        subprocess.run(["ip", "netns", "del", space], stderr=subprocess.DEVNULL, check=False)


def add_host(space, addresses):
    """A host on the bridge. Frames must have their checksums: there is no hardware to fill them in."""
    port = "b" + space[-4:]
    run("ip", "-n", NET, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
    run("ip", "-n", NET, "link", "set", port, "master", "br0", "up")
    inside(space, "ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    for address in addresses:
        run("ip", "-n", space, "addr", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
    run("ip", "-n", space, "link", "set", "lo", "up")
    run("ip", "-n", space, "link", "set", "eth0", "up")


def add_network():
    """Clients in 10.9.0.0/24 with the servers 11 and 12 (direct routing); 13 and 14 are behind the
    director, in 10.9.1.0/24 (address translation)."""
    for space in SPACES:
        run("ip", "netns", "add", space)
    run("ip", "-n", NET, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    run("ip", "-n", NET, "link", "set", "br0", "up")
    for name in "dira", "dirb":
        run("ip", "-n", NET, "link", "add", name, "type", "veth", "peer", "name", "p" + name)
        run("ip", "-n", NET, "link", "set", "p" + name, "master", "br0", "up")
        inside(NET, "sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % name)
        run("ip", "-n", NET, "link", "set", name, "up")
    add_host(CLIENT, ["10.9.0.1/24", "fd09::1/64"])
    for space in SPACES[2:]:
        number = space[-2:]
        if number < "13":
            inside(space, "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
            add_host(space, ["10.9.0.%s/24" % number, "fd09::%s/64" % number])
            run("ip", "-n", space, "addr", "add", "10.9.0.100/32", "dev", "lo")
            run("ip", "-n", space, "addr", "add", "fd09::100/128", "dev", "lo", "nodad")
        else:
            add_host(space, ["10.9.1.%s/24" % number, "fd09:1::%s/64" % number])
            run("ip", "-n", space, "route", "add", "default", "via", "10.9.1.254")
            run("ip", "-n", space, "route", "add", "default", "via", "fd09:1::fe")


class Director:
    """One of the two. Of more than one worker the kernel gives each frames by a hash of its own."""

    def __init__(self, program, folder, name, number, priority, lcores, queues):
        self.log = os.path.join(folder, name + ".log")
        options = ["--vrid", "9", "--priority", str(priority), "--local", "10.9.1.200"]
        for address in "fe80::9:1 fd09::100 fd09:1::fe 10.9.0.100 10.9.1.254 10.9.1.200".split():
            options += ["--virtual", address]
        for network in "10.9.0. 10.9.1. fe80:: fd09:: fd09:1::".split():
            options += ["--own", network + str(number)]
        self.rules = os.path.join(folder, name + ".rules")
        shutil.copy(here("network.rules"), self.rules)
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", NET, program, "--lcores", lcores, *EAL, "--file-prefix", "lvsdpdk" + name,
             "--vdev=net_af_packet0,iface=%s,qpairs=%d" % (name, queues), "--", "--rules", self.rules, *options],
            stdout=open(self.log, "w"), stderr=subprocess.STDOUT)

    def text(self):
        return open(self.log).read()

    def wait_for(self, words, count=1):
        until = time.monotonic() + 40
        while self.text().count(words) < count:
            if time.monotonic() > until or self.process.poll() is not None:
                check("director says %r" % words, False, self.text())
            time.sleep(0.05)


def ask(protocol, address, port, count, servers, what):
    """From ports that nobody had before: each is a connection of its own."""
    answers = inside(CLIENT, sys.executable, here("peers.py"), protocol, address, str(port), str(count),
                     str(next(FIRST_PORTS))).strip()
    check("%s: %s" % (what, answers), set(re.findall(r"(\w+)=", answers)) == set(servers),
          "of " + " ".join(servers))


def ask_all(when):
    direct, translated = ["s11", "s12"], ["s13", "s14"]
    ask("udp", "10.9.0.100", 5000, 200, direct, when + " UDP, direct routing")
    ask("tcp", "10.9.0.100", 5001, 20, direct, when + " TCP, direct routing")
    ask("udp", "10.9.0.100", 6000, 200, translated, when + " UDP, NAT")
    ask("tcp", "10.9.0.100", 6001, 20, translated, when + " TCP, NAT")
    ask("tcp", "10.9.0.100", 7001, 20, translated, when + " TCP, FULLNAT")
    ask("tcp", "fd09::100", 5001, 20, direct, when + " TCP over IPv6, direct routing")
    ask("tcp", "fd09::100", 6001, 20, translated, when + " TCP over IPv6, NAT")


def network(program, folder):
    if os.geteuid() != 0:
        skip("root")
    if shutil.which("ethtool") is None:
        skip("ethtool")
    remove_spaces()
    processes = []
    try:
        add_network()
        for space in SPACES[2:]:
            processes.append(subprocess.Popen(
                ["ip", "netns", "exec", space, sys.executable, here("peers.py"), "serve", space[-3:]]))
        # Of three lcores one is the main one; they need not have a core each.
        first = Director(program, folder, "dira", 2, 200, "0@0,1@0,2@1", 2)
        processes.append(first.process)
        first.wait_for("Backup -> Active", 2)
        second = Director(program, folder, "dirb", 3, 100, "0@0", 1)
        processes.append(second.process)
        second.wait_for("ready")
        time.sleep(1)
        ask_all("two lcores:")
        new_weight(first)
        check("the backup has let them alone", "Active" not in second.text(), second.text())
        first.process.kill()
        first.process.wait()
        killed = time.monotonic()
        second.wait_for("Backup -> Active", 2)
        print("     taken over %.2f s after the kill" % (time.monotonic() - killed))
        time.sleep(0.5)
        ask_all("after the kill:")
        second.process.terminate()
        second.process.wait()
        check("the second has resigned", second.text().count("Active -> Initialize") == 2, second.text())
    finally:
        for process in processes:
            process.kill()
            process.wait()
        remove_spaces()


def new_weight(director):
    """Rules that are none change nothing. Then server 11 gets nobody new, and the sums of both lcores
    show what is."""
    rules = open(director.rules).read()
    with open(director.rules, "w") as out:
        out.write("-D -u 10.9.0.100:5000\n-A nonsense\n")
    director.process.send_signal(signal.SIGHUP)
    director.wait_for(director.rules + ":1: ")
    with open(director.rules, "w") as out:
        out.write(rules.replace("-r 10.9.0.11:5000 -g -w 1", "-r 10.9.0.11:5000 -g -w 0"))
    director.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    ask("udp", "10.9.0.100", 5000, 50, ["s12"], "after SIGHUP: UDP")
    director.process.send_signal(signal.SIGUSR1)
    director.wait_for("total:")
    rows = re.findall(r"-> (10\.9\.0\.1\d):5000 +Route +(\d+) +(\d+) +(\d+)", director.text())
    counts = {address: (int(weight), int(active) + int(inactive)) for address, weight, active, inactive in rows}
    check("SIGUSR1 sums the connections of both lcores: %s" % counts,
          [weight for weight, _ in counts.values()] == [0, 1] and sum(c for _, c in counts.values()) == 250,
          director.text())


# --- speed -----------------------------------------------------------------------------------------

def measure(program, flows, packets, *options):
    text = run(program, "-l", "0", *EAL, "--file-prefix", "lvsdpdkspeed",
               "--vdev=net_pcap0,rx_pcap=%s,infinite_rx=1" % flows, "--vdev=net_null0,no-rx=1",
               "--", "--rules", here("golden.rules"), "--virtual", "192.0.2.100", "--packets", str(packets),
               "--neighbor", "10.2.0.1=02:00:00:00:00:01@1", "--neighbor", "10.2.0.2=02:00:00:00:00:02@1", *options)
    cycles = float(re.search(r"cycles ([\d.]+)", text)[1])
    seconds = float(re.search(r"([\d.]+) s$", text, re.M)[1])
    assert re.search(r"lost or dropped 0$", text, re.M), text
    return cycles, packets / seconds / 1e6


def speed(program, folder):
    """The best of five runs each: others may have the machine meanwhile."""
    flows, packets = os.path.join(folder, "many.pcap"), 5_000_000
    run(sys.executable, here("flows.py"), "write-many", flows)
    runs = [(measure(program, flows, packets), measure(program, flows, packets, "--no-director"))
            for _ in range(5)]
    director, bare = (min(cycles for cycles, _ in column) for column in zip(*runs))
    fast, faster = (max(rate for _, rate in column) for column in zip(*runs))
    print("     1000 flows: %.1f Mpps with the director, %.1f without" % (fast, faster))
    print("     %.1f cycles a packet with the director, %.1f without: the call costs %.1f"
          % (director, bare, director - bare))


def skip(what):
    print("SKIPPED for want of %s; to run it: apt-get install dpdk-dev ethtool, as root" % what, file=sys.stderr)
    sys.exit(1 if "LVS_REQUIRE_ALL" in os.environ else 0)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        skip("the program")
    with tempfile.TemporaryDirectory() as folder:
        for part in sys.argv[2:] or ["golden", "network", "speed"]:
            {"golden": golden, "network": network, "speed": speed}[part](sys.argv[1], folder)
