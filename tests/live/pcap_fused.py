#!/usr/bin/python3
"""pcap_fused.py IPM COMPARE: packets of an interface and the kernel's counters make one row a connection.

Three network namespaces in a line: clients, a router that masquerades them and drops some of their packets, servers. The
monitor watches `ebpf:` and an interface of the router at the same time, once inside (before the translation and the
loss), once outside (behind both). tshark reads what dumpcap wrote of the same packets.
Inside it learns clues, by which the capture alone is then said to be of the same apps, without an owner.
Held against each other: each client's own counts; the monitor's row of its connection (process, bytes once, SNI, JA4,
round trip, the translated end); what `ipm flows` and tshark say of the capture, retransmissions among it.
Without root, the tools or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

SKIP = 77
CLIENT, SERVER = "10.77.1.2", "10.77.2.2"
ROUTER_OUTSIDE = "10.77.2.1"
BULK_BYTES = 3_000_000
LOSS_PER_THOUSAND = 20
IPERF_PORT, IPERF_BYTES = 5201, 2_000_000
IPERF_COOKIE_BYTES = 37  # Comes before the test on each of its connections (COOKIE_SIZE of iperf.h).
DIG_PORT = 45353


def run(*words, **more):
    return subprocess.run(words, check=True, **more)


class Network:
    """The namespaces, for as long as the `with` block."""

    def __init__(self):
        self.names = {role: f"ipm-fuse-{role}-{os.getpid()}" for role in ("client", "router", "server")}

    def within(self, role, *words):
        return ["ip", "netns", "exec", self.names[role], *words]

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        for name in self.names.values():
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        names = self.names
        for end, inner, outer, net in (("client", "c0", "inside", 1), ("server", "s0", "outside", 2)):
            run("ip", "-n", names[end], "link", "add", inner, "type", "veth", "peer", "name", outer, "netns", names["router"])
            run("ip", "-n", names[end], "addr", "add", f"10.77.{net}.2/24", "dev", inner)
            run("ip", "-n", names["router"], "addr", "add", f"10.77.{net}.1/24", "dev", outer)
            run("ip", "-n", names[end], "link", "set", inner, "up")
            run("ip", "-n", names["router"], "link", "set", outer, "up")
            # A packet that is captured is then one that is sent: nothing joins them on the way.
            for where, device in ((end, inner), ("router", outer)):
                run(*self.within(where, "ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off"),
                    stdout=subprocess.DEVNULL)
        run("ip", "-n", names["client"], "route", "add", "default", "via", "10.77.1.1")
        run(*self.within("router", "sysctl", "-qw", "net.ipv4.ip_forward=1"))
        run(*self.within("router", "nft", "-f", "-"), text=True, input=f"""
            add table ip nat
            add chain ip nat post {{ type nat hook postrouting priority 100 ; }}
            add rule ip nat post oifname "outside" masquerade
            add table ip lossy
            add chain ip lossy forward {{ type filter hook forward priority 0 ; }}
            add rule ip lossy forward iifname "inside" tcp dport 9000 numgen random mod 1000 < {LOSS_PER_THOUSAND} drop
            """)

    def __exit__(self, *_):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


# --- traffic: in the namespaces ---

def serve(folder):
    """A sink on port 9000, TLS on 9443, a DNS server on 53. Ends by a signal."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    if os.fork() == 0:
        sink = socket.create_server((SERVER, 9000))
        while True:
            with sink.accept()[0] as peer:
                total = 0
                while data := peer.recv(1 << 16):
                    total += len(data)
                peer.sendall(f"{total:>20}".encode())
    if os.fork() == 0:
        os.execvp("iperf3", ["iperf3", "-s", "-p", str(IPERF_PORT)])
    if os.fork() == 0:
        plain = socket.create_server((SERVER, 9443))
        while True:
            with contextlib.suppress(OSError), context.wrap_socket(plain.accept()[0], server_side=True) as peer:
                peer.recv(100)
                peer.sendall(b"y" * 50_000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dns:
        dns.bind((SERVER, 53))
        print("serving", flush=True)
        while True:
            query, client = dns.recvfrom(512)
            answer = struct.pack(">6H", *struct.unpack(">H", query[:2]), 0x8180, 1, 1, 0, 0) + query[12:]
            dns.sendto(answer + struct.pack(">3HIH", 0xC00C, 1, 1, 300, 4) + socket.inet_aton(SERVER), client)


def dns_query(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 0x4321, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def counting(tell):
    """In a process of its own: what it counted goes to stdout."""
    if os.fork() == 0:
        print(json.dumps(dict(tell(), pid=os.getpid())), flush=True)
        os._exit(0)
    os.wait()


def upload():
    with socket.create_connection((SERVER, 9000)) as peer:
        port = peer.getsockname()[1]
        peer.sendall(b"x" * BULK_BYTES)
        peer.shutdown(socket.SHUT_WR)
        got = 0
        while data := peer.recv(100):
            got += len(data)
    return {"what": "upload", "port": port, "tx": BULK_BYTES, "rx": got}


def browse():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection((SERVER, 9443)) as plain:
        port = plain.getsockname()[1]
        with context.wrap_socket(plain, server_hostname="fused.example") as peer:
            peer.sendall(b"x" * 100)
            while peer.recv(1 << 16):
                pass
    return {"what": "browse", "port": port}


def resolve():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.connect((SERVER, 53))
        query = dns_query("fused.example")
        resolver.send(query)
        got = len(resolver.recv(512))
        return {"what": "resolve", "port": resolver.getsockname()[1], "tx": len(query), "rx": got}


def tool(*words):
    """What a program prints, and its pid."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process.communicate(timeout=100)[0], process.pid


def iperf():
    said, pid = tool("iperf3", "-c", SERVER, "-p", str(IPERF_PORT), "-n", str(IPERF_BYTES), "-l", "20000", "-J")
    result = json.loads(said)
    sent, got = (result["end"][way]["bytes"] + IPERF_COOKIE_BYTES for way in ("sum_sent", "sum_received"))
    # It has handed over all, and goes without waiting for the rest to arrive: what no packet carried is to be seen.
    return {"what": "iperf3", "pid": pid, "port": result["start"]["connected"][0]["local_port"],
            "tx": sent, "rx": 0, "arrived": got}


def curl():
    said, pid = tool("curl", "-sk", "--http0.9", "--max-time", "30", "-o", "/dev/null", "-w", "%{local_port}",
                     "--resolve", f"fused.example:9443:{SERVER}", "https://fused.example:9443/")
    return {"what": "curl", "pid": pid, "port": int(said)}


def dig():
    said, pid = tool("dig", "+noedns", "+tries=1", "-b", f"{CLIENT}#{DIG_PORT}", f"@{SERVER}", "fused.example")
    got = next(int(line.split()[-1]) for line in said.splitlines() if "MSG SIZE" in line)
    return {"what": "dig", "pid": pid, "port": DIG_PORT, "rx": got}


def traffic():
    for act in (resolve, browse, upload):
        counting(act)
    for act in (iperf, curl, dig):
        print(json.dumps(act()), flush=True)


# --- the test ---

def ready(process):
    said = []
    for line in process.stderr:
        if line.strip() == "ready":
            return
        said.append(line.strip())
    raise RuntimeError(" ".join(said))


def observed(ipm, network, device, folder, *settings):
    """What the clients counted, the rows of the monitor, and the capture of the same packets."""
    capture = f"{folder}/{device}.pcapng"
    dump = subprocess.Popen(network.within("router", "dumpcap", "-q", "-B", "32", "-i", device, "-w", capture),
                            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    monitor = subprocess.Popen([ipm, "table", "connections", "ebpf:", f"pcap:{device}?netns={network.names['router']}",
                                "--format", "jsonl", *settings], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        ready(monitor)
        for _ in range(100):
            if os.path.exists(capture):
                break
            time.sleep(0.1)
        time.sleep(0.5)
        out = run(*network.within("client", sys.executable, __file__, "--traffic"), stdout=subprocess.PIPE, text=True,
                  timeout=120).stdout
        time.sleep(1)
        dump.send_signal(signal.SIGINT)
        dump.wait(timeout=30)
        monitor.send_signal(signal.SIGINT)
        rows = monitor.communicate(timeout=60)[0]
    finally:
        for process in (dump, monitor):
            if process.poll() is None:
                process.kill()
                process.wait()
    return [json.loads(line) for line in out.splitlines()], [json.loads(line) for line in rows.splitlines()], capture


def tshark(capture, port):
    """Retransmissions and bytes each way of the flow with this client port, by tshark."""
    fields = ["ip.src", "ip.len", "tcp.analysis.retransmission", "udp.srcport", "tcp.srcport"]
    words = ["tshark", "-r", capture, "-Y", f"tcp.port == {port} || udp.port == {port}", "-T", "fields", "-E", "separator=;"]
    for field in fields:
        words += ["-e", field]
    out = {"tx_ip": 0, "rx_ip": 0, "tx_retransmits": 0}
    for line in run(*words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines():
        _, length, again, udp, tcp = line.split(";")
        sent = str(port) in (udp, tcp)
        out["tx_ip" if sent else "rx_ip"] += int(length)
        out["tx_retransmits"] += bool(again) and sent
    return out


def differences(device, said, rows, capture, flows):
    def expect(what, field, got, expected):
        if got != expected:
            yield f"{device}, {what}: {field} expected {expected} got {got}"

    for client in said:
        what = client["what"]
        mine = [r for r in rows if r.get("remote_addr") == SERVER and r.get("pid") == client["pid"]]
        if what == "iperf3":  # It has a connection for control, too.
            mine = [r for r in mine if r.get("local_port") == client["port"]]
        if len(mine) != 1:
            yield f"{device}, {what}: one row expected, got {mine}"
            continue
        row = mine[0]
        flow = next((f for f in flows if f["sport"] == row.get("nat_port", client["port"]) and device == "outside" or
                     f["sport"] == client["port"] and device == "inside"), {})
        truth = tshark(capture, flow.get("sport", 0))
        yield from expect(what, "local_port", row.get("local_port"), client["port"])
        yield from expect(what, "local_addr", row.get("local_addr"), CLIENT)
        yield from expect(what, "packet_source", row.get("packet_source"), "pcap")
        for way in ("tx", "rx"):
            if way in client:
                yield from expect(what, f"{way}_bytes", row.get(f"{way}_bytes"), client[way])
                # Behind the loss there may be more holes at once than are remembered: then nothing is claimed.
                if "arrived" not in client and (device == "inside" or row.get(f"{way}_carried") is not None):
                    yield from expect(what, f"{way}_carried", row.get(f"{way}_carried"), client[way])
            yield from expect(what, f"{way}_ip_bytes", row.get(f"{way}_ip_bytes"), truth[f"{way}_ip"])
        yield from expect(what, "ip_out of ipm flows", flow.get("ip_out"), truth["tx_ip"])
        # Inside the router's answers come back as they were sent; each row has the translation, seen from either side.
        yield from expect(what, "nat_addr", row.get("nat_addr"), ROUTER_OUTSIDE)
        if "arrived" not in client:
            yield from expect(what, "disagreement", row.get("disagreement"), None)
        elif row.get("tx_carried") is not None:
            carried, handed = row["tx_carried"], client["tx"]
            if not client["arrived"] <= carried <= handed:
                yield f"{device}, {what}: tx_carried expected {client['arrived']} to {handed} got {carried}"
            apart = None if carried == handed else f"tx {handed} by app, {carried} by packets"
            yield from expect(what, "disagreement", row.get("disagreement"), apart)
        if what in ("resolve", "dig"):
            continue
        for field in ("srtt_us", "handshake_us"):
            if not row.get(field):
                yield f"{device}, {what}: {field} expected, got {row.get(field)}"
        if what in ("browse", "curl"):
            yield from expect(what, "sni", row.get("sni"), "fused.example")
            yield from expect(what, "ja4", row.get("ja4"), flow.get("ja4"))
            if not row.get("ja4"):
                yield f"{device}, {what}: no ja4"
        if what in ("upload", "iperf3"):
            yield from expect(what, "retrans_out of ipm flows", flow.get("retrans_out"), truth["tx_retransmits"])
            if what == "upload" and device == "inside" and not row.get("tx_retransmits"):
                yield f"inside, upload: retransmits expected of {LOSS_PER_THOUSAND} in 1000 lost, got {row.get('tx_retransmits')}"
    # What only packets saw is nobody's: here every connection has a socket.
    alone = [r for r in rows if r.get("cookie") is None and r.get("remote_addr") in (SERVER, CLIENT)]
    if alone:
        yield f"{device}: rows of packets alone: {alone}"


def guesses(ipm, said, rows, capture, *settings):
    """Of the connections with a hello: the app that the capture alone is said to show is the one that there was."""
    alone = [json.loads(line) for line in run(ipm, "table", "connections", "pcap:" + capture, "--format", "jsonl", *settings,
                                              stdout=subprocess.PIPE, text=True).stdout.splitlines()]
    for client in said:
        if client["what"] not in ("browse", "curl"):
            continue
        app = next((r.get("app") for r in rows if r.get("pid") == client["pid"]), None)
        guess = next((r for r in alone if r.get("local_port") == client["port"]), {})
        got = {field: guess.get(field) for field in ("pid", "likely_app", "likely_rule")}
        if app is None or got != {"pid": None, "likely_app": app, "likely_rule": "ja4+name"}:
            yield f"{client['what']}: the capture alone is expected to be of {app} by ja4+name, got {got}"


def main(ipm):
    try:
        if os.geteuid() != 0:
            raise RuntimeError("needs root")
        for needed in ("tshark", "dumpcap", "nft", "ethtool", "openssl", "iperf3", "curl", "dig"):
            if shutil.which(needed) is None:
                raise RuntimeError(f"needs {needed}")
        with tempfile.TemporaryDirectory() as folder, Network() as network:
            run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key.pem", "-out",
                f"{folder}/cert.pem", "-days", "2", "-subj", "/CN=fused.example", stderr=subprocess.DEVNULL)
            servers = subprocess.Popen(network.within("server", sys.executable, __file__, "--serve", folder),
                                       stdout=subprocess.PIPE, text=True, start_new_session=True)
            failures = 0
            try:
                servers.stdout.readline()
                learn = ("--settings", f"clues_path = {folder}/clues")
                for device in ("inside", "outside"):
                    said, rows, capture = observed(ipm, network, device, folder, *(learn if device == "inside" else ()))
                    flows = [json.loads(line) for line in run(ipm, "flows", "--format", "jsonl", capture,
                                                              stdout=subprocess.PIPE, text=True).stdout.splitlines()]
                    flows = [f for f in flows if f["type"] == "flow"]
                    found = list(differences(device, said, rows, capture, flows))
                    if device == "inside":
                        found += guesses(ipm, said, rows, capture, *learn)
                    failures += len(found)
                    print("\n".join(found + [f"{device}: {len(said)} clients, {len(rows)} rows, {len(flows)} flows"]))
            finally:
                os.killpg(servers.pid, signal.SIGKILL)
                servers.wait()
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: {error}")
        return 1 if os.environ.get("IPM_REQUIRE_LIVE") == "1" else SKIP
    print(f"{failures} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2])
    elif sys.argv[1] == "--traffic":
        traffic()
    else:
        sys.exit(main(sys.argv[1]))
