#!/usr/bin/python3
"""ebpf_names.py IPM: DNS answers, SNI, ALPN and JA4 stand with the connection of the process that made them.

In a network namespace of its own, a DNS server answers for one name, and a TLS client connects to the address. The
server keeps the bytes of each hello; JA4 is worked out from them here, by the definition, apart from the library. One
hello fits into a segment, one needs several, one goes over MPTCP.
Then processes ask as a C library does: a socket for one question, closed when it is answered, connected or not, over
IPv4 and IPv6. Each answer is an event of the process that asked, on the flow of its socket, in its namespace.
Without root or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import contextlib
import hashlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading

SKIP = 77
NAME = "names.example"
ADDRESS = "127.9.8.7"
HELLO_SECONDS_MAX = 5
IPPROTO_MPTCP = 262
# A socket for one question each: how it is asked, and the address that the server has for its name.
QUESTIONS = {f"{kind}{version}": (family, kind == "connected", f"127.9.8.{100 + number}")
             for number, (kind, version, family) in enumerate(
                 (kind, version, family) for kind in ("connected", "unconnected")
                 for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)))}
NO_ANSWERS = 50
SERVERS = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def dns_query(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 0x1234, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def address_of(query):
    """What the server has for the name that is asked for."""
    label = query[13:13 + query[12]].decode()
    return QUESTIONS[label][2] if label in QUESTIONS else ADDRESS


def serve_dns(family, queries, port_is_bound):
    """Answers so many queries."""
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((SERVERS[family], 53))
        port_is_bound()
        for _ in range(queries):
            query, client = server.recvfrom(512)
            answer = struct.pack(">6H", 0x1234, 0x8180, 1, 1, 0, 0) + query[12:]
            answer += struct.pack(">3HIH", 0xC00C, 1, 1, 300, 4) + socket.inet_aton(address_of(query))
            server.sendto(answer, client)


def ask_once(label):
    """As a C library does: the socket lives for this question."""
    family, connected, _ = QUESTIONS[label]
    with socket.socket(family, socket.SOCK_DGRAM) as resolver:
        query = dns_query(f"{label}.{NAME}")
        if connected:
            resolver.connect((SERVERS[family], 53))
            resolver.send(query)
        else:
            resolver.sendto(query, (SERVERS[family], 53))
        resolver.recv(512)


def serve_hello(listener):
    """The first handshake message of one client, as far as it comes."""
    with listener.accept()[0] as connection:
        connection.settimeout(HELLO_SECONDS_MAX)
        stream = b""
        while len(stream) < 9 or len(stream) < 9 + int.from_bytes(stream[6:9], "big"):
            piece = connection.recv(65536)
            if not piece:
                break
            stream += piece
        return stream


def grease(value):
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def ja4(stream):
    """By FoxIO's definition of JA4 (technical_details/JA4.md), for a hello in one TLS record."""
    body = stream[9:]
    at = 34
    at += 1 + body[at]
    count = int.from_bytes(body[at:at + 2], "big")
    ciphers = [int.from_bytes(body[i:i + 2], "big") for i in range(at + 2, at + 2 + count, 2)]
    at += 2 + count
    at += 1 + body[at]
    end = at + 2 + int.from_bytes(body[at:at + 2], "big")
    at += 2
    extensions = {}
    while at < end:
        kind, size = struct.unpack(">2H", body[at:at + 4])
        extensions[kind] = body[at + 4:at + 4 + size]
        at += 4 + size
    ciphers = [c for c in ciphers if not grease(c)]
    kinds = [k for k in extensions if not grease(k)]
    words = lambda data: [int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2)]
    versions = [v for v in words(extensions[43][1:]) if not grease(v)] if 43 in extensions else [words(body[:2])[0]]
    version = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10"}[max(versions)]
    alpn = extensions[16][3:3 + extensions[16][2]].decode() if 16 in extensions else "00"
    a = f"t{version}{'d' if 0 in extensions else 'i'}{len(ciphers):02}{len(kinds):02}{alpn[0]}{alpn[-1]}"
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()[:12]
    b = digest(",".join(sorted(f"{c:04x}" for c in ciphers)))
    signatures = [s for s in words(extensions.get(13, b"")[2:]) if not grease(s)]
    c = ",".join(sorted(f"{k:04x}" for k in kinds if k not in (0, 16)))
    if signatures:
        c += "_" + ",".join(f"{s:04x}" for s in signatures)
    return f"{a}_{b}_{digest(c)}"


def send_no_answers():
    """What comes from the port of DNS and is no answer: a query whose name is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        sender.bind(("127.0.0.2", 53))
        for _ in range(NO_ANSWERS):
            sender.sendto(struct.pack(">6H", 0x1234, 0x0100, 1, 0, 0, 0) + b"\xbf" * 20, receiver.getsockname())


def connect(address, mptcp):
    if not mptcp:
        return socket.create_connection(address)
    out = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    out.connect(address)
    return out


def listen(mptcp):
    out = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP if mptcp else 0)
    out.bind((ADDRESS, 0))
    out.listen()
    return out


def traffic():
    """In the namespace: prints a line for each hello and each question: who sent it, and what it should show."""
    ready, bound = os.pipe()
    for family, queries in ((socket.AF_INET, 3), (socket.AF_INET6, 2)):
        if os.fork() == 0:
            serve_dns(family, queries, lambda: os.write(bound, b"."))
            os._exit(0)
        os.read(ready, 1)
    for label, (_, _, address) in QUESTIONS.items():
        asker = os.fork()
        if asker == 0:
            ask_once(label)
            os._exit(0)
        os.waitpid(asker, 0)
        print(json.dumps({"asker": asker, "label": label, "address": address}), flush=True)
    send_no_answers()
    for protocols, mptcp in ((["h2", "http/1.1"], False), ([f"protocol-{i:03}" * 4 for i in range(60)], False),
                             (["h2", "h3", "mptcp"], True)):
        with listen(mptcp) as listener:
            client = os.fork()
            if client == 0:
                if len(protocols) == 2:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
                        resolver.connect(("127.0.0.1", 53))
                        resolver.send(dns_query(NAME))
                        resolver.recv(512)
                    with contextlib.suppress(ConnectionRefusedError):
                        socket.create_connection((ADDRESS, 9))
                context = ssl.create_default_context()
                context.set_alpn_protocols(protocols)
                with contextlib.suppress(OSError):
                    with connect(listener.getsockname(), mptcp) as plain:
                        context.wrap_socket(plain, server_hostname=f"sni-{len(protocols)}.example")
                os._exit(0)
            stream = serve_hello(listener)
            os.waitpid(client, 0)
            print(json.dumps({"pid": client, "sni": f"sni-{len(protocols)}.example", "ja4": ja4(stream),
                              "alpn": protocols[0], "bytes": len(stream)}), flush=True)
    os.wait()
    os.wait()


class Watching:
    """`ipm` with these words, ready when the `with` block begins; lines() ends it."""

    def __init__(self, ipm, *words):
        self.words = [ipm, *words, "ebpf:", "--format", "jsonl"]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.out = []
        # Events come as they happen: somebody has to read them.
        self.reader = threading.Thread(target=lambda: self.out.extend(self.process.stdout), daemon=True)
        self.reader.start()
        said = []
        for line in self.process.stderr:
            if line.strip() == "ready":
                return self
            said.append(line.strip())
        raise RuntimeError(" ".join(said))

    def lines(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)
        self.reader.join(timeout=30)
        return [json.loads(line) for line in self.out]

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def watched(ipm, namespace):
    """What the hellos and questions should show, the connections that the monitor has, the events, and what the source
    says of itself."""
    with Watching(ipm, "table", "connections") as table, Watching(ipm, "events") as events, \
            Watching(ipm, "table", "sources") as sources:
        out = subprocess.run(["ip", "netns", "exec", namespace, sys.executable, __file__, "--traffic"], check=True,
                             stdout=subprocess.PIPE, text=True, timeout=60).stdout
        return [json.loads(line) for line in out.splitlines()], table.lines(), events.lines(), sources.lines()[0]


def differences_of_questions(questions, events):
    """Of each question: its answer is an event of who asked, on a flow that was told before, in one namespace."""
    for question in questions:
        answers = [e for e in events if e["kind"] == "dns_answer" and e.get("address") == question["address"]]
        # The server's own socket gets no answer, so there is one.
        got = [(e.get("pid"), e.get("remote_port")) for e in answers]
        if got != [(question["asker"], 53)]:
            yield f"{question['label']}: answer expected for {question['asker']} got {got}"
            continue
        flow = next((e for e in events if e["kind"] == "socket_open" and e.get("cookie") == answers[0].get("cookie")), None)
        if flow is None or events.index(flow) > events.index(answers[0]):
            yield f"{question['label']}: the flow of its answer was not told before it: {flow}"
        elif (flow.get("pid"), flow.get("netns")) != (question["asker"], answers[0].get("netns")):
            yield f"{question['label']}: the flow of its answer is {flow}, the answer {answers[0]}"


def main(ipm):
    namespace = f"ipm-names-{os.getpid()}"
    try:
        if os.geteuid() != 0:
            raise RuntimeError("needs root")
        subprocess.run(["ip", "netns", "add", namespace], check=True)
        for words in (["lo", "up"], ["lo", "mtu", "1500"]):  # So that a long hello needs several segments.
            subprocess.run(["ip", "-n", namespace, "link", "set", *words], check=True)
        said, rows, events, source = watched(ipm, namespace)
        hellos, questions = [s for s in said if "sni" in s], [s for s in said if "asker" in s]
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: {error}")
        return 1 if os.environ.get("IPM_REQUIRE_LIVE") == "1" else SKIP
    finally:
        subprocess.run(["ip", "netns", "del", namespace], check=False, stderr=subprocess.DEVNULL)
    failures = 0
    for line in differences_of_questions(questions, events):
        print(line)
        failures += 1
    for hello in hellos:
        row = next((r for r in rows if r.get("pid") == hello["pid"] and r.get("direction") == "out"
                    and r.get("remote_port") != 9 and r.get("proto") == "tcp"), {})
        expected = {"sni": hello["sni"], "ja4": hello["ja4"], "remote_name": hello["sni"], "name_source": "sni",
                    "remote_addr": ADDRESS}
        for field, value in expected.items():
            if row.get(field) != value:
                print(f"hello of {hello['bytes']} bytes: {field} expected {value} got {row.get(field)}")
                failures += 1
        if not row.get("alpn", "").startswith(hello["alpn"]):
            print(f"alpn expected {hello['alpn']}… got {row.get('alpn')}")
            failures += 1
    # Where nothing is said in the clear, the answer that was seen names the other end.
    plain = next((r for r in rows if r.get("remote_addr") == ADDRESS and r.get("remote_port") == 9), {})
    if (plain.get("remote_name"), plain.get("name_source"), plain.get("pid")) != (NAME, "dns", hellos[0]["pid"]):
        print(f"named by dns: expected {NAME} got {plain}")
        failures += 1
    accepted = [r for r in rows if r.get("direction") == "in" and r.get("local_addr") == ADDRESS]
    # What is no answer is not copied, or it would be found to be malformed.
    if source.get("malformed") != 0:
        print(f"malformed expected 0 got {source}")
        failures += 1
    # Each connection has one row at each end, with an owner.
    ends = [r for r in rows if r.get("local_addr") == ADDRESS or r.get("remote_addr") == ADDRESS]
    failures += len(hellos) != 3 or max(h["bytes"] for h in hellos) < 2048 or len(accepted) != 3
    failures += len(questions) != len(QUESTIONS)
    for row in ends:
        if row.get("proto") == "tcp" and row.get("pid") is None:
            print(f"nobody's: {row}")
            failures += 1
    print(f"{len(questions)} questions, {len(hellos)} hellos of {[h['bytes'] for h in hellos]} bytes: "
          f"{failures} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1] == "--traffic":
        traffic()
    else:
        sys.exit(main(sys.argv[1]))
