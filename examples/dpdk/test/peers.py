"""The real servers and the clients of the network test.

peers.py serve NAME                       UDP port 5000 and TCP port 5001 say NAME
peers.py udp ADDRESS PORT COUNT FIRST     so many datagrams, from the ports FIRST, FIRST + 1, ...
peers.py tcp ADDRESS PORT COUNT FIRST     so many connections, 20000 octets there and 30000 back
"""
import collections
import socket
import sys
import threading


def serve(name):
    def udp():
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as service:
            service.bind(("::", 5000))
            # The answer has to come from the address that was asked.
            service.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            while True:
                _, info, _, client = service.recvmsg(2048, 256)
                service.sendmsg([name], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, d[:16] + b"\0" * 4)
                                         for _, kind, d in info if kind == socket.IPV6_PKTINFO], 0, client)

    def answer(conn):
        with conn:
            received = 0
            while received < 20000:
                octets = conn.recv(65536)
                if not octets:
                    return
                received += len(octets)
            conn.sendall(name.ljust(3) * 10000)

    threading.Thread(target=udp, daemon=True).start()
    with socket.create_server(("::", 5001), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64) as service:
        while True:
            threading.Thread(target=answer, args=(service.accept()[0],), daemon=True).start()


def ask_udp(address, port, from_port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.bind(("", from_port))
        client.settimeout(2)
        client.sendto(b"x" * 32, (address, port))
        return client.recv(100)


def ask_tcp(address, port, from_port):
    with socket.create_connection((address, port), timeout=10, source_address=("", from_port)) as client:
        client.sendall(b"q" * 20000)
        answer = b""
        while octets := client.recv(65536):
            answer += octets
        if len(answer) != 30000:
            raise OSError("cut short")
        return answer[:3]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2].encode())
    else:
        ask, answers = {"udp": ask_udp, "tcp": ask_tcp}[sys.argv[1]], collections.Counter()
        for i in range(int(sys.argv[4])):
            try:
                answers[ask(sys.argv[2], int(sys.argv[3]), int(sys.argv[5]) + i).decode().strip()] += 1
            except OSError:
                answers["lost"] += 1
        print(" ".join("%s=%d" % pair for pair in sorted(answers.items())))
