"""Writes flows.pcap, what clients and servers send, and tells what a director made of it.

flows.py write FILE          the frames of the golden test
flows.py write-many FILE     1000 UDP flows, for measurements
flows.py tell FILE           how many frames went where, every checksum verified
"""
import collections
import ipaddress
import struct
import sys

DIRECTOR = bytes.fromhex("027063617000")  # what net_pcap calls itself
CLIENT = bytes.fromhex("020000000901")
CLIENTS = [ipaddress.ip_network("198.51.0.0/16"), ipaddress.ip_network("2001:db8:9::/48")]
LOCAL = ipaddress.ip_address("10.2.1.100")
TCP, UDP, SYN, ACK = 6, 17, 2, 16


def ones(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack("!%dH" % (len(octets) // 2), octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def segment(protocol, source, destination, source_port, port, flags):
    if protocol == UDP:
        payload = b"x" * 18
        head, at = struct.pack("!HHHH", source_port, port, 8 + len(payload), 0), 6
    else:
        payload = b""
        head, at = struct.pack("!HHIIBBHHH", source_port, port, 1, 1, 0x50, flags, 1000, 0, 0), 16
    octets = bytearray(head + payload)
    pseudo = source + destination + struct.pack("!IHBB", len(octets), 0, 0, protocol)
    octets[at:at + 2] = struct.pack("!H", (0xFFFF - ones(pseudo + octets)) or 0xFFFF)
    return bytes(octets)


def frame(protocol, source, destination, source_port, port, flags=SYN, vlan=None):
    source, destination = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    inner = segment(protocol, source, destination, source_port, port, flags)
    if len(source) == 4:
        kind = 0x0800
        head = bytearray(struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(inner), 0, 0, 64, protocol, 0))
        head += source + destination
        head[10:12] = struct.pack("!H", 0xFFFF - ones(bytes(head)))
    else:
        kind = 0x86DD
        head = struct.pack("!IHBB", 6 << 28, len(inner), protocol, 64) + source + destination
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return DIRECTOR + CLIENT + tag + struct.pack("!H", kind) + bytes(head) + inner


def arp(target):
    sender = ipaddress.ip_address("198.51.100.1").packed
    return (b"\xff" * 6 + CLIENT + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + CLIENT + sender
            + b"\0" * 6 + ipaddress.ip_address(target).packed)


def golden():
    def client(i):
        return "198.51.100.%d" % (1 + i), 20000 + i

    yield arp("192.0.2.100")
    for i in range(60):  # direct routing, weights 2 and 1
        yield frame(UDP, client(i)[0], "192.0.2.100", client(i)[1], 53)
    for i in range(30):  # address translation over three servers
        yield frame(TCP, client(i)[0], "192.0.2.100", client(i)[1], 80)
    for i in range(30):  # of these answers, one of three is that of the server that was asked
        for server in 1, 2, 3:
            yield frame(TCP, "10.2.1.%d" % server, client(i)[0], 8080, client(i)[1], SYN | ACK)
    for i in range(20):
        yield frame(UDP, "2001:db8:9::%x" % (i + 1), "2001:db8::100", 30000 + i, 53)
    for i in range(20):
        yield frame(TCP, "2001:db8:9::%x" % (i + 1), "2001:db8::100", 30000 + i, 80)
    for i in range(12):  # on a VLAN
        yield frame(UDP, client(i)[0], "192.0.2.101", client(i)[1], 53, vlan=7)
    for i in range(10):  # full address translation
        yield frame(UDP, client(i)[0], "192.0.2.100", client(i)[1], 123)
    for i in range(4):  # no service
        yield frame(UDP, client(i)[0], "192.0.2.100", client(i)[1], 99)
    damaged = frame(UDP, "198.51.100.1", "192.0.2.100", 1, 53)
    yield damaged[:20]
    yield damaged[:24] + b"\xff\xff" + damaged[26:]  # the checksum of the header


def many():
    for i in range(1000):
        yield frame(UDP, "198.51.%d.%d" % (100 + i // 250, 1 + i % 250), "192.0.2.100", 1024 + i, 53)


def write(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for octets in frames:
            out.write(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets)


def read(path):
    octets = open(path, "rb").read()
    at = 24
    while at < len(octets):
        length = struct.unpack_from("<I", octets, at + 8)[0]
        yield octets[at + 16:at + 16 + length]
        at += 16 + length


def describe_end(address, port):
    """Which client it was, and which free port of a local address, is left out."""
    address = ipaddress.ip_address(address)
    if any(address in network for network in CLIENTS if network.version == address.version):
        return "client"
    return "%s port %s" % (address, "free" if address == LOCAL else port)


def describe(octets):
    """To which MAC address, from and to which server or service."""
    to, at, tag = octets[:6].hex(":"), 12, ""
    if octets[at:at + 2] == b"\x81\0":
        tag, at = " vlan %d" % (struct.unpack_from("!H", octets, 14)[0] & 4095), 16
    kind, at = struct.unpack_from("!H", octets, at)[0], at + 2
    if kind == 0x0806:
        return "%s arp %s is at %s" % (to, ipaddress.ip_address(octets[28:32]), octets[22:28].hex(":"))
    if kind == 0x0800:
        assert ones(octets[at:at + 20]) == 0xFFFF, "checksum of an IPv4 header"
        protocol, addresses, width, inner = octets[at + 9], at + 12, 4, at + 20
        end = at + struct.unpack_from("!H", octets, at + 2)[0]
    else:
        protocol, addresses, width, inner = octets[at + 6], at + 8, 16, at + 40
        end = inner + struct.unpack_from("!H", octets, at + 4)[0]
    source, destination = (octets[addresses + i * width:addresses + (i + 1) * width] for i in (0, 1))
    pseudo = source + destination + struct.pack("!IHBB", end - inner, 0, 0, protocol)
    assert ones(pseudo + octets[inner:end]) == 0xFFFF, "checksum of TCP or UDP"
    source_port, port = struct.unpack_from("!HH", octets, inner)
    return "%s%s %s: %s to %s" % (to, tag, {TCP: "tcp", UDP: "udp"}[protocol],
                                  describe_end(source, source_port), describe_end(destination, port))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], golden())
    elif sys.argv[1] == "write-many":
        write(sys.argv[2], many())
    else:
        counts = collections.Counter(map(describe, read(sys.argv[2])))
        for what, count in sorted(counts.items()):
            print("%3d  %s" % (count, what))
