#!/usr/bin/python3
"""ebpf_degraded.py IPM [--only MODE,…] [--show]: hosts that give the source ebpf: less, and what still works there.

Each mode takes something away (capabilities, mounts, a part of the source) and asks three things: that `ipm doctor`,
`missing` in the table `sources` and the message of a source that does not open say exactly what is missing; that
nothing else is missing; and that bytes are exact wherever the source opens at all. Mounts are changed in a mount
namespace of the mode only. Without root or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIP = 77
LENGTH = "bytes of each process"
LIFECYCLE = "connections as they open and close"
PROCESSES = "process starts and exits as they happen"
ACCEPT = "who accepts a connection that it does not use"
RELEASE = "the end of udp and raw sockets as it happens"
NAMES = "dns names and tls hellos"
PACKETS = "whom udp sockets talk to, and packets"
SEED = "sockets from before the source was opened"
PARTS = {"length": LENGTH, "lifecycle": LIFECYCLE, "processes": PROCESSES, "accept": ACCEPT, "release": RELEASE,
         "names": NAMES, "packets": PACKETS, "seed": SEED}
INSTEAD = ("; instead tcp bytes are the kernel's of each connection (layer tcp), udp bytes {}, for the owner of the "
           "socket")
BY_PACKETS = INSTEAD.format("those of packets (layer ip)")
NO_TRACEFS = "tracefs is not mounted; needs mount -t tracefs none /sys/kernel/tracing"
NO_CGROUP2 = "cgroup v2 is not mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified"
NO_BTF = "kernel has no BTF: /sys/kernel/btf/vmlinux is not there (CONFIG_DEBUG_INFO_BTF)"
UNREADABLE = "tracefs is not readable; needs CAP_DAC_READ_SEARCH, or tracefs mounted for this group (gid=, mode=750)"
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"
CLIENT_BYTES, SERVER_BYTES, DATAGRAMS, DATAGRAM_BYTES = 123_457, 7_891, 3, 1_001


class Mode:
    """What is taken away, and what each part then says. `refused`: why the source does not open, if it does not."""

    def __init__(self, name, absent=None, refused=None, drop="", mounts=(), tracefs=True, uri="ebpf:", options=(),
                 blind=False):
        self.name, self.drop, self.mounts, self.tracefs, self.uri = name, drop, mounts, tracefs, uri
        # /proc does not show which program another user's process runs. None: it depends on what comes first.
        self.blind = blind
        self.refused = refused
        self.options = list(options)  # Of ipm.
        self.automatic = uri == "ebpf:"  # As auto: takes it.
        self.sources = [] if self.automatic else [uri]
        self.absent = absent or {}

    def words(self, *command):
        """The command in this mode: in a mount namespace where tracefs is mounted only if the mode has it."""
        script = [f"umount -l {place}" for kind, place in mounted() if kind in ("tracefs", "debugfs")]
        if self.tracefs:
            script.append("mount -t tracefs none /sys/kernel/tracing")
        script += [each for each in self.mounts]
        script.append(f'exec {self.drop} "$@"')
        return ["unshare", "-m", "--propagation", "private", "sh", "-ec", "\n".join(script), "sh", *command]


def mounted():
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        return [(line.split()[2], line.split()[1]) for line in mounts]


def all_parts(reason):
    return {what: reason for what in PARTS.values()}


def at_cgroup(reason):
    return {RELEASE: reason, NAMES: reason, PACKETS: reason}


def modes():
    few = f"{NOBODY} --inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon"
    both = "needs CAP_BPF and CAP_PERFMON"
    return [
        Mode("all"),
        Mode("no_net_admin", at_cgroup("needs CAP_NET_ADMIN"), drop="setpriv --bounding-set=-net_admin,-sys_admin"),
        Mode("sys_admin_for_net_admin", drop="setpriv --bounding-set=-net_admin"),
        Mode("no_bpf", all_parts("needs CAP_BPF"), "needs CAP_BPF", drop="setpriv --bounding-set=-bpf,-sys_admin"),
        Mode("no_perfmon", all_parts("needs CAP_PERFMON"), "needs CAP_PERFMON",
             drop="setpriv --bounding-set=-perfmon,-sys_admin"),
        Mode("sys_admin_for_all", drop="setpriv --bounding-set=-bpf,-perfmon,-net_admin"),
        Mode("no_tracefs", {ACCEPT: NO_TRACEFS + ", or CAP_SYS_ADMIN"}, tracefs=False,
             drop="setpriv --bounding-set=-sys_admin"),
        Mode("tracefs_of_its_own", tracefs=False),
        Mode("no_cgroup2", at_cgroup(NO_CGROUP2),
             mounts=[f"umount -l {place}" for kind, place in mounted() if kind == "cgroup2"]),
        Mode("nobody", {**all_parts(both), **at_cgroup("needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN"),
                        ACCEPT: both + "; " + UNREADABLE}, both, drop=NOBODY),
        Mode("bpf_and_perfmon", {**at_cgroup("needs CAP_NET_ADMIN"), ACCEPT: UNREADABLE}, drop=few, blind=True),
        Mode("no_btf", all_parts(NO_BTF), NO_BTF, mounts=["mount -t tmpfs none /sys/kernel/btf"]),
        Mode("user_namespace", {**all_parts(both + " in the initial user namespace"),
                                **at_cgroup("needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN in the initial user "
                                            "namespace"),
                                ACCEPT: both + " in the initial user namespace; " + UNREADABLE},
             both + " in the initial user namespace", drop=NOBODY + " unshare -Ur"),
        *(Mode("without_" + part, {what: "left out by without=" + part}, uri="ebpf:?without=" + part)
          for part, what in PARTS.items() if part != "length"),
        Mode("without_length", {LENGTH: "left out by without=length" + BY_PACKETS}, uri="ebpf:?without=length"),
        Mode("without_length_and_packets", {LENGTH: "left out by without=length" + INSTEAD.format("are not known"),
                                            PACKETS: "left out by without=packets"},
             uri="ebpf:?without=length,packets"),
        Mode("threads", options=["--threads", "auto"]),
        # Privileges go when it is attached: nothing is missing for that.
        Mode("dropped", options=["--drop-privileges"], blind=True),
        Mode("dropped_with_threads", options=["--drop-privileges=nobody", "--threads", "auto"], blind=None),
        Mode("without_all", {what: "left out by without=" + part for part, what in PARTS.items() if part != "length"},
             uri="ebpf:?without=lifecycle,processes,accept,release,names,packets,seed"),
    ]


class Broken(Exception):
    """A promise that does not hold."""


class Busy(Broken):
    """It does not hold, but the monitor said that records were lost."""


def expect(met, *said):
    if not met:
        raise Broken(" ".join(str(each) for each in said))


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def run(words, code=0):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    expect(done.returncode == code, f"exit code {done.returncode}, not {code}:", done.stderr.strip())
    return done


class Watching:
    """`ipm record`, ready when the `with` block begins; end() stops it."""

    def __init__(self, words):
        self.words = words

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        expect(said == "ready\n", "the monitor says", said)
        return self

    def end(self):
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=30)
        expect(self.process.returncode == 0, "the monitor ended with", self.process.returncode, said)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def receive(connection, count):
    got = 0
    while got < count:
        part = len(connection.recv(65_536))
        if part == 0:
            break
        got += part
    return got


class Talk:
    """One connection and some datagrams between processes that are new, and gone at the end. A process accepts and
    never uses the connection; its child does."""

    def __init__(self):
        self.children = []
        self.reading, self.writing = os.pipe()

    def child(self, work):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                work()
                code = 0
            finally:
                os._exit(code)
        self.children.append(pid)
        return pid

    def say(self, *numbers):
        os.write(self.writing, (" ".join(map(str, numbers)) + "\n").encode())

    def hear(self):
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(self.reading, 1)
        return [int(word) for word in line.split()]

    def serve(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.say(listener.getsockname()[1])
        connection, _ = listener.accept()
        worker = os.fork()
        if worker == 0:
            good = receive(connection, CLIENT_BYTES) == CLIENT_BYTES
            connection.sendall(b"s" * SERVER_BYTES)
            os._exit(0 if good else 1)
        connection.close()
        self.say(worker)
        expect(os.waitpid(worker, 0)[1] == 0, "the worker failed")

    def connect(self, port):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"c" * CLIENT_BYTES)
            expect(receive(connection, SERVER_BYTES) == SERVER_BYTES, "the client got less")

    def take_datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
            taker.bind(("127.0.0.1", 0))
            self.say(taker.getsockname()[1])
            for _ in range(DATAGRAMS):
                expect(len(taker.recv(65_536)) == DATAGRAM_BYTES, "a datagram is cut")

    @staticmethod
    def send_datagrams(port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(DATAGRAMS):
                sender.sendto(b"d" * DATAGRAM_BYTES, ("127.0.0.1", port))

    def run(self):
        """The bytes of each process: {pid: (sent, received)}; and who did what."""
        server = self.child(self.serve)
        port = self.hear()[0]
        client = self.child(lambda: self.connect(port))
        worker = self.hear()[0]
        taker = self.child(self.take_datagrams)
        udp_port = self.hear()[0]
        sender = self.child(lambda: self.send_datagrams(udp_port))
        for child in self.children:
            expect(os.waitpid(child, 0)[1] == 0, "the traffic failed")
        os.close(self.reading)
        os.close(self.writing)
        self.server, self.worker, self.client, self.taker, self.sender = server, worker, client, taker, sender
        return {server: (0, 0), client: (CLIENT_BYTES, SERVER_BYTES), worker: (SERVER_BYTES, CLIENT_BYTES),
                taker: (0, DATAGRAMS * DATAGRAM_BYTES), sender: (DATAGRAMS * DATAGRAM_BYTES, 0)}


class Older:
    """A process from before the monitor, with a connection to itself. It sends a byte when it is told to, and stays."""

    def __enter__(self):
        told, tell = os.pipe()
        done, say = os.pipe()
        self.tell, self.done = tell, done
        self.pid = os.fork()
        if self.pid == 0:
            os.close(tell)
            listener = socket.create_server(("127.0.0.1", 0))
            near = socket.create_connection(listener.getsockname())
            far, _ = listener.accept()
            os.write(say, b".")
            while os.read(told, 1):
                near.sendall(b"o")
                far.recv(1)
                os.write(say, b".")
            os._exit(0)
        os.close(told)
        os.close(say)
        os.read(done, 1)
        with open(f"/proc/{self.pid}/comm", encoding="utf-8") as comm:
            self.comm = comm.read().strip()
        self.exe = os.readlink(f"/proc/{self.pid}/exe")
        return self

    def use(self):
        os.write(self.tell, b".")
        os.read(self.done, 1)

    def __exit__(self, *_):
        os.close(self.tell)
        os.close(self.done)
        os.waitpid(self.pid, 0)


def check_older(mode, older, row):
    """Its program where that can be read, its name in any case."""
    exe = None if mode.blind and SEED not in mode.absent else older.exe
    expect(row.get("comm") == older.comm, "of the process from before:", row)
    expect(mode.blind is None or row.get("exe") == exe, "of the process from before:", row)


def check_doctor(ipm, mode):
    words = [ipm, "doctor", *mode.sources, *mode.options, "--duration", "50ms", "--format", "jsonl"]
    said = lines_of(run(mode.words(*words)).stdout)
    if mode.automatic:
        probed = {line["what"]: line.get("reason", "") for line in said if line["source"] == "ebpf" and "what" in line}
        expected = {what: mode.absent.get(what, "") for what in PARTS.values()}
        expect(probed == expected, "doctor probes", probed)
    return next(line for line in said if "uri" in line)


def check_missing(ipm, mode):
    """Of what auto: takes, or of the URI of the mode: what is missing is what the mode took away."""
    words = [ipm, "table", "sources", *mode.sources, *mode.options, "--duration", "50ms", "--format", "jsonl"]
    for source in (check_doctor(ipm, mode), lines_of(run(mode.words(*words)).stdout)[0]):
        missing = source.get("missing", "").splitlines()
        if mode.refused:
            expect(source["source"] == "sock_diag", "auto: takes", source["source"])
            expect(missing[0] == "what ebpf: sees: " + mode.refused, "missing is", missing)
            continue
        expect(source["source"] == "ebpf", "it takes", source["source"], missing)
        of_parts = [line for line in missing if line.split(": ")[0] in PARTS.values()]
        expected = [f"{what}: {mode.absent[what]}" for what in PARTS.values() if what in mode.absent]
        expect(of_parts == expected, "missing is", missing)
        expect(source["state"] == ("reduced" if missing else "open"), "state is", source["state"])


def check_refused(ipm, mode):
    done = run(mode.words(ipm, "table", "processes", "ebpf:"), code=1)
    expect(done.stderr == f"ipm: add ebpf:: ebpf: {mode.refused}\n", "it says", done.stderr)


def check_dropped(pid):
    """Every thread is nobody, has no capability and gets none by exec."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="utf-8") as status:
            fields = {line.split(":")[0]: line.split(":")[1].split() for line in status}
        expect(fields["Uid"] == ["65534"] * 4 and fields["Gid"] == ["65534"] * 4 and not fields["Groups"],
               "thread is", fields["Uid"], fields["Gid"], fields["Groups"])
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            expect(int(fields[name][0], 16) == 0, name, "is", fields[name])
        expect(fields["NoNewPrivs"] == ["1"], "no_new_privs is", fields["NoNewPrivs"])


def check_traffic(ipm, mode, show):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        log = os.path.join(folder, "log")
        with Older() as older, Watching(mode.words(ipm, "record", "-o", log, mode.uri, *mode.options)) as watching:
            older.use()
            if "--drop-privileges" in " ".join(mode.options):
                check_dropped(watching.process.pid)
            talk = Talk()
            counted = talk.run()
            time.sleep(0.3)
            watching.end()
        replay = [ipm, "table", "processes", "replay:" + log, "--format", "jsonl"]
        rows = {row["pid"]: row for row in lines_of(run(replay).stdout)}
        replay[2] = "connections"
        connections = [row for row in lines_of(run(replay).stdout) if row.get("pid") in counted]
        replay[2] = "ledger"
        losses = sum(row.get("losses") or 0 for row in lines_of(run(replay).stdout))
    if show:
        for row in [rows.get(pid, {}) for pid in counted] + connections:
            print(row)
    check_older(mode, older, rows.get(older.pid, {}))
    if LENGTH in mode.absent:
        counted = counted_by_kernel(talk, PACKETS not in mode.absent)
    for pid, (sent, received) in counted.items():
        row = rows.get(pid, {})
        expect((row.get("tx_bytes") or 0, row.get("rx_bytes") or 0) == (sent, received),
               f"of pid {pid}: expected {sent} sent, {received} received, got", row)
    try:
        if LENGTH in mode.absent:
            check_owners(talk, connections)
        else:
            check_parts(mode, talk, rows, connections)
    except Broken as broken:
        # Records, not bytes: what others did on this host at the same time did not fit into the ring.
        raise (Busy if losses else Broken)(broken) from broken


def check_with_patience(ipm, mode, show):
    for attempt in range(3):
        try:
            return check_traffic(ipm, mode, show)
        except Busy:
            if attempt == 2:
                raise
    return None


def counted_by_kernel(talk, packets):
    """Without the calls: a connection is its owner's, whoever uses it, and of datagrams there are packets at most."""
    datagrams = DATAGRAMS * (DATAGRAM_BYTES + 28) if packets else 0
    return {talk.server: (SERVER_BYTES, CLIENT_BYTES), talk.client: (CLIENT_BYTES, SERVER_BYTES), talk.worker: (0, 0),
            talk.taker: (0, datagrams), talk.sender: (datagrams, 0)}


def check_owners(talk, connections):
    rules = {row.get("pid"): row.get("rule") for row in connections
             if row.get("proto") == "tcp" and row.get("direction") != "listen"}
    expect(rules == {talk.client: "connect", talk.server: "accept"}, "connections are owned by", rules)
    layers = {row.get("layer") for row in connections if row.get("proto") == "udp"}
    expect(layers <= {"ip"}, "layers of udp are", layers)


def check_parts(mode, talk, rows, connections):
    """What each part gives is there, and without it what takes its place."""
    def runs(what):
        return what not in mode.absent

    def row_of(pid):
        found = [row for row in connections if row.get("pid") == pid and row.get("direction") != "listen"]
        expect(len(found) == 1, "connections of", pid, "are", found)
        return found[0]

    client, worker = row_of(talk.client), row_of(talk.worker)
    expect((client.get("rule"), worker.get("state")) ==
           (("connect", "closed") if runs(LIFECYCLE) else ("io", "established")), "the rows are", client, worker)
    # Who accepted: the one that called accept, or without the part the one that used it first.
    if runs(LIFECYCLE):
        by_call = runs(ACCEPT)
        expect(worker.get("rule") == ("accept" if by_call else "io"), "by the rule", worker.get("rule"))
        expect(worker.get("origin_pid") == (talk.server if by_call else None), "accepted by", worker.get("origin_pid"))
        accepts = {pid: rows.get(pid, {}).get("accepts", 0) for pid in (talk.server, talk.worker)}
        expect(accepts == {talk.server: int(by_call), talk.worker: int(not by_call)}, "accepts are", accepts)
    datagrams = [row for row in connections if row.get("proto") == "udp" and row.get("pid") == talk.taker]
    expect(len(datagrams) == 1 and ("closed" in datagrams[0]) == runs(RELEASE), "udp is", datagrams)
    # Without the part they are looked for.
    expect(not rows[talk.worker]["running"], "the worker runs on")


def why_not(ipm):
    """Why nothing can be taken away here, since it is not there."""
    if os.geteuid() != 0:
        return "not root"
    done = subprocess.run([*Mode("all").words(ipm, "table", "processes", "ebpf:", "--duration", "10ms")],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr.strip() if done.returncode != 0 else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ipm")
    parser.add_argument("--only", default="", help="modes, separated by commas")
    parser.add_argument("--show", action="store_true", help="print the rows of the traffic")
    arguments = parser.parse_args()
    ipm = os.path.abspath(arguments.ipm)
    unavailable = why_not(ipm)
    if unavailable:
        required = os.environ.get("IPM_REQUIRE_LIVE") == "1"
        print(f"ebpf: cannot be tested here: {unavailable}" + ("; IPM_REQUIRE_LIVE=1" if required else ""))
        return 1 if required else SKIP
    checked = failed = 0
    for mode in modes():
        if arguments.only and mode.name not in arguments.only.split(","):
            continue
        checked += 1
        try:
            check_missing(ipm, mode)
            if mode.refused:
                check_refused(ipm, mode)
            else:
                check_with_patience(ipm, mode, arguments.show)
        except Broken as broken:
            print(f"{mode.name}: {broken}")
            failed += 1
    print(f"{checked} modes: {failed} broken")
    return 1 if failed else 0


sys.exit(main())
