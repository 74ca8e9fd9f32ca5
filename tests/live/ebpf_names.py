#!/usr/bin/python3
"""ebpf_names.py IPM: DNS answers, SNI, ALPN and JA4 stand with the connection of the process that made them.

In a network namespace of its own, a DNS server answers for one name, and a TLS client connects to the address. The
server keeps the bytes of each hello; JA4 is worked out from them here, by the definition, apart from the library. One
hello fits into a segment, one needs several.
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

SKIP = 77
NAME = "names.example"
ADDRESS = "127.9.8.7"
HELLO_SECONDS_MAX = 5


def dns_query(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 0x1234, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def serve_dns(port_is_bound):
    """Answers one query with ADDRESS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        port_is_bound()
        query, client = server.recvfrom(512)
        answer = struct.pack(">6H", 0x1234, 0x8180, 1, 1, 0, 0) + query[12:]
        answer += struct.pack(">3HIH", 0xC00C, 1, 1, 300, 4) + socket.inet_aton(ADDRESS)
        server.sendto(answer, client)


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


def traffic():
    """In the namespace: prints a line for each hello: who sent it, and what it should show."""
    ready, bound = os.pipe()
    if os.fork() == 0:
        serve_dns(lambda: os.write(bound, b"."))
        os._exit(0)
    os.read(ready, 1)
    for protocols in (["h2", "http/1.1"], [f"protocol-{i:03}" * 4 for i in range(60)]):
        with socket.create_server((ADDRESS, 0)) as listener:
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
                    with socket.create_connection(listener.getsockname()) as plain:
                        context.wrap_socket(plain, server_hostname=f"sni-{len(protocols)}.example")
                os._exit(0)
            stream = serve_hello(listener)
            os.waitpid(client, 0)
            print(json.dumps({"pid": client, "sni": f"sni-{len(protocols)}.example", "ja4": ja4(stream),
                              "alpn": protocols[0], "bytes": len(stream)}), flush=True)
    os.wait()


def watched(ipm, namespace):
    """What the hellos should show, and the connections that the monitor has."""
    monitor = subprocess.Popen([ipm, "table", "connections", "ebpf:", "--format", "jsonl"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        said = []
        for line in monitor.stderr:
            if line.strip() == "ready":
                break
            said.append(line.strip())
        else:
            raise RuntimeError(" ".join(said))
        out = subprocess.run(["ip", "netns", "exec", namespace, sys.executable, __file__, "--traffic"], check=True,
                             stdout=subprocess.PIPE, text=True, timeout=60).stdout
        monitor.send_signal(signal.SIGINT)
        rows = monitor.communicate(timeout=30)[0]
    finally:
        monitor.kill()
    return [json.loads(line) for line in out.splitlines()], [json.loads(line) for line in rows.splitlines()]


def main(ipm):
    namespace = f"ipm-names-{os.getpid()}"
    try:
        if os.geteuid() != 0:
            raise RuntimeError("needs root")
        subprocess.run(["ip", "netns", "add", namespace], check=True)
        for words in (["lo", "up"], ["lo", "mtu", "1500"]):  # So that a long hello needs several segments.
            subprocess.run(["ip", "-n", namespace, "link", "set", *words], check=True)
        hellos, rows = watched(ipm, namespace)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: {error}")
        return 1 if os.environ.get("IPM_REQUIRE_LIVE") == "1" else SKIP
    finally:
        subprocess.run(["ip", "netns", "del", namespace], check=False, stderr=subprocess.DEVNULL)
    failures = 0
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
    failures += len(hellos) != 2 or max(h["bytes"] for h in hellos) < 2048 or len(accepted) != 2
    print(f"{len(hellos)} hellos of {[h['bytes'] for h in hellos]} bytes: {failures} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1] == "--traffic":
        traffic()
    else:
        sys.exit(main(sys.argv[1]))
