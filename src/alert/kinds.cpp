// What each kind of alert means to a person. This is the only place: the table `alerts`, ipm_alert_kind_describe(),
// `ipm explain` and docs/alerts.md (docs_test) have it from here.
#include <algorithm>
#include <iterator>

#include "alert/alert.h"

namespace ipm::alert {
namespace {

constexpr KindInfo kInfos[] = {
    {.name = "exfil",
     .title = "data leaves to a new peer",
     .techniques = "T1041 T1048 T1029 T1030",
     .means = "a program sends much to a peer that it did not know, and gets little back.",
     .computed = "bytes sent to the new peer, as one sum however slowly they go, and at least three times what came "
                 "back. Told when they exceed the program's largest day to all its other peers, and 1.5 MB (5 MB for a "
                 "program that knows a hundred networks or more, 50 MB for one in its first day; twice its largest day "
                 "for one that mostly sends), each times the days that the sum covers. Updated when the sum has "
                 "doubled.",
     .check = "who owns the address; what was read from disk before; if somebody uploaded something by hand.",
     .tune = "filter by `score`: broad programs and programs that upload anyway score lower. A peer that stays is "
             "known after seven days, and counts as the others from then on."},
    {.name = "bandwidth",
     .title = "far more sent than ever",
     .techniques = "T1048",
     .means = "more left within an interval (60 s) than is usual for the program, to whomever: at once, or for a "
              "while; in a day than in the days of long ago; or more and more over days.",
     .computed = "the held alarm of the baseline of `tx_bytes`. At once: at least 5 MB a minute, and ten times the "
                 "most that is remembered. For a while: as much in the mean of the last 32 or 128 intervals, and ten "
                 "times what is usual, if it has had such peaks before. Bytes of a day over connections out, against "
                 "50 MB and ten times a mean of days that follows upwards by a fifth a day at most, so that it cannot "
                 "be led up step by step. More and more: the baseline's drift of what sends 5 MB a minute or more, "
                 "from a tenth above the week before; a note. Not told for an hour after an `exfil` of the program, "
                 "which says where it goes; of a day, for a day after that or after what was told of an interval.",
     .check = "the connections of that process; a backup or an export that runs for the first time looks like this.",
     .tune = "`baselines_threshold` and `baselines_interval`; `ipm table baselines` shows what is usual. What comes "
             "again becomes usual, though slowly; what you call a false positive is learned at once."},
    {.name = "beacon",
     .title = "regular calls to a new peer",
     .techniques = "T1071.001 T1573",
     .means = "a program calls a new peer at regular intervals, as remote control does.",
     .computed = "over the last 32 calls, the symmetry and narrowness of the intervals and the share of them near the "
                 "median, its double or its triple, so that jitter up to some 40 % and missed calls do not hide it. At "
                 "least 12 calls; 20 below 30 s and of a program in its first day. Not told if the peer never sent "
                 "anything: that is somebody who tries again. Not told if the program called old peers at that rhythm "
                 "all day long until they fell silent, calls two or more of them so besides, or has a timer that goes "
                 "round its peers and of whose calls the new one takes a share. What comes on top of them is told. On "
                 "the first day of a host nothing is known to be new: regular calls are then notes.",
     .check = "the address and its name; which module or plug-in of the program calls; if an update brought it.",
     .tune = "filter by `score`: it is lower for programs that know many networks, for networks that other programs "
             "here talk to, and in the first hours. A peer that stays is known after seven days."},
    {.name = "scan",
     .title = "probing hosts or ports",
     .techniques = "T1046 T1018",
     .means = "a program tries hosts or ports that it never tried, and most do not answer.",
     .computed = "a sequential likelihood ratio over first contacts (Jung and others, 2004) with the program's own "
                 "rate of failures, and at least 6 failures on one port or one host (10 outside), that fade with a "
                 "half-life of six hours. A program that scans every day has to fail on twice as many as on its usual "
                 "day. Contacts known from before do not count.",
     .check = "if a discovery or a test was started; the process's parent.",
     .tune = "let a scanner that is meant to scan run for a day or two: its largest day is its measure then."},
    {.name = "lateral",
     .title = "remote services of many hosts",
     .techniques = "T1021",
     .means = "a program turns to SSH, telnet, RPC, NetBIOS, SMB, RDP, VNC or WinRM of several internal hosts that it "
              "never used.",
     .computed = "first contacts on one such port, half-life six hours: four, or twice the program's usual day.",
     .check = "the account that it runs under; logons on those hosts at that time.",
     .tune = "nothing to do for configuration management and the like: after its first day its largest day is the "
             "measure."},
    {.name = "new_dest",
     .title = "new destination",
     .techniques = "T1071",
     .means = "a program that talks to few networks talked to one more.",
     .computed = "how often the program met a new network that answered, per connection since the first eighth of its "
                 "learning. Told if that was less than once in ten connections and less than two in three days, ten "
                 "minutes after the contact, unless more new networks followed it. Each one that was met within a day "
                 "makes the next less of a surprise.",
     .check = "the name of the address; if the service of the program has moved.",
     .tune = "filter by `score` or `value`, the surprise: 2 is one new network in a hundred connections."},
    {.name = "odd_port",
     .title = "port it never used",
     .techniques = "T1571",
     .means = "a program that uses at most eight ports used another one.",
     .computed = "first connection; the score rises if no program of the host uses that port, and if the network is "
                 "new too. A port counts as used once it answered. After three new ones within an hour the program "
                 "tries ports: that is `scan`.",
     .check = "what listens there; well-known ports of other protocols (6667, 4444) deserve more attention than 8443.",
     .tune = "filter by `remote_port` or `score`. Each port of a program is told once."},
    {.name = "dns_tunnel",
     .title = "data in DNS names",
     .techniques = "T1071.004 T1572 T1048.003",
     .means = "data travels in the names of DNS questions.",
     .computed = "per program and registered domain over a day, distinct names: 50, if they are longer than 20 "
                 "characters or have more than 3.5 bits per character and 70 % of the questions are for a new one; 100 "
                 "short ones, if 95 % are. And three times as many as on the domain's own busiest day: lists of bad "
                 "senders and content networks ask for many names every day. A sketch finds the domains with more than "
                 "a few names; the eight that are asked most have a place. PTR questions do not count.",
     .check = "the domain's age and owner. Some security products ask for hashes as names, and look like this.",
     .tune = "filter by the domain, which the sentence names: `evidence ~= example.com` finds it."},
    {.name = "long_conn",
     .title = "long connection to a new peer",
     .techniques = "T1572 T1090",
     .means = "a connection to a new peer lasts.",
     .computed = "four hours, and twice as long as the program's longest connection to its old peers. Medium from 8 h, "
                 "high from 12 h. Not for a program in its first day.",
     .check = "the same as for a beacon; tunnels and remote shells look like this.",
     .tune = "filter by `severity` or by `value`, the seconds. A connection to an old peer counts when it ends, and is "
             "the measure from then on."},
    {.name = "miner",
     .title = "steady work stream to a new peer",
     .techniques = "T1496",
     .means = "a steady exchange of small records with a new peer, as mining pools and other work queues have.",
     .computed = "over an hour at least, 40 records or more within connections, intervals and sizes both regular to 80 "
                 "%, to a peer outside. Not told if the program has such an exchange with an old peer on that port: "
                 "intervals within three times, sizes within five times of each other.",
     .check = "CPU time of the process; the port and name of the peer.",
     .tune = "filter by `remote_addr` for a work queue of your own. A peer that stays is known after seven days."},
    {.name = "entropy",
     .title = "content changed its nature",
     .techniques = "T1573 T1027",
     .means = "what a program sends on a port was text and is now compressed or encrypted, or the reverse. Needs a "
              "source that measures entropy (`ent` of event lines, the event `entropy`).",
     .computed = "a record is strange beyond six smoothed deviations (at least 0.12 bits) from the smoothed mean. A "
                 "cumulative sum of the log likelihood ratio tells if 30 % are strange now instead of the odd one: a "
                 "million to one, and five records. It counts records, however slowly they come. What strange records "
                 "have in common is usual once it was told: a lasting change is one alarm.",
     .check = "if the peer or the program was switched to TLS or compression.",
     .tune = "nothing to do for a switch that was meant: it becomes usual."},
    {.name = "churn",
     .title = "flood of connections",
     .techniques = "T1498",
     .means = "a program opens connections in numbers that it never did.",
     .computed = "connections out within a minute, against ten times its largest minute and 600.",
     .check = "a loop without a pause after an error; the target, which may suffer.",
     .tune = "nothing to do for what comes again: each such minute raises what is usual, to little more than its "
             "double."},
    {.name = "fault",
     .title = "connections fail",
     .techniques = "",
     .means = "connections of a program are refused, time out, are reset by the peer or repeat many segments, more "
              "than ever.",
     .computed = "a cumulative sum (Page, 1954) of the log likelihood ratio that a third of what should have worked "
                 "fails now, against the program's slow rate: a million to one, at least 6 bad, for three minutes. It "
                 "counts connections and not minutes. The uplink's outage is an alert of this kind without a process.",
     .check = "the peer that the sentence names.",
     .tune = "filter by `score`. A program that always fails is measured by its own rate, which follows an hour after "
             "it was told."},
    {.name = "latency",
     .title = "answers are slow",
     .techniques = "",
     .means = "answers take several times as long. Needs a source that measures round-trip times.",
     .computed = "the fast mean above four times the slow one and 50 ms more than it, after 100 samples. What is "
                 "still slow a day after it was told is usual from then on.",
     .check = "`srtt_us` and `retransmits` of the connections; other programs to the same peer.",
     .tune = "filter by `value`, the microseconds, for the delay that bothers you, or set a threshold on `srtt_us`."},
    {.name = "new_program",
     .title = "first network use of a program",
     .techniques = "T1204",
     .means = "a program uses the network for the first time. A note, or high where it lies or who started it makes it "
              "suspect.",
     .computed = "first sight, on a host that has been watched for a day. Suspect: it lies where anybody may write, or "
                 "a program that serves the network started it as the same user.",
     .check = "the package that it belongs to; its parent.",
     .tune = "filter by `severity`: a program that was installed is `info`."},
    {.name = "exe_changed",
     .title = "program file replaced",
     .techniques = "T1554",
     .means = "the file behind a known program is another one (device, inode, time). A note; medium where anybody may "
              "write.",
     .computed = "comparison with the file at the program's last start. Needs a source that sees the file.",
     .check = "if an update ran at that time.",
     .tune = "filter by `severity`: in the places where packages install it is `info`."},
    {.name = "listener",
     .title = "new listening port",
     .techniques = "T1205",
     .means = "a known program listens on a port on which it never listened. A note; high for programs that are "
              "suspect.",
     .computed = "first sight, once the program has been known for a day or is suspect. Loopback does not count.",
     .check = "if its configuration changed.",
     .tune = "filter by `severity`, or by `remote_port`, which has the port. Each port is an alert of its own: "
             "`suppress kind=listener port=8443` silences that one."},
    {.name = "threat_intel",
     .title = "contact that a list warns of",
     .techniques = "T1071 T1568",
     .means = "a program deals with something that a list of yours warns of.",
     .computed = "nothing, the list says it. One alert for each program and indicator, updated when connections or "
                 "bytes have doubled. High when the program calls out, and always notified. Medium for a question to "
                 "DNS alone, which a resolver may ask for somebody else. Low when the program is only called, as any "
                 "host on the Internet is, or when the list has a page on that host and not the host.",
     .check = "how old the entry is and what the list says it is for; what was sent; who else talked to it "
              "(`endpoints`).",
     .tune = "take a list apart that warns of too much; `ipm intel match` says which list has something."},
    {.name = "threshold",
     .title = "your threshold is passed",
     .techniques = "",
     .means = "a metric of a program passed a limit that you set.",
     .computed = "each interval of the program (`baselines_interval`, 60 s) is held against the threshold, whose "
                 "limits all have to be passed for as long as it says. Told whatever the budget says, unless its "
                 "severity is info. Updated when it is twice as far beyond, and closed after `quiet=` (15 min) within "
                 "the limits.",
     .check = "what the program did then: its connections, and the metric's series.",
     .tune = "say the threshold again with other limits, or `lift threshold NAME`. `for=` leaves short peaks out, "
             "`deviation_above=` what is usual for the program."},
};
static_assert(std::size(kInfos) == kKinds, "each kind has a row, in the order of Kind");

struct Technique {
  std::string_view id;
  std::string_view name;
};

// MITRE ATT&CK Enterprise, of those above.
constexpr Technique kTechniques[] = {
    {"T1018", "Remote System Discovery"},
    {"T1021", "Remote Services"},
    {"T1027", "Obfuscated Files or Information"},
    {"T1029", "Scheduled Transfer"},
    {"T1030", "Data Transfer Size Limits"},
    {"T1041", "Exfiltration Over C2 Channel"},
    {"T1046", "Network Service Discovery"},
    {"T1048", "Exfiltration Over Alternative Protocol"},
    {"T1048.003", "Exfiltration Over Alternative Protocol: Unencrypted Non-C2 Protocol"},
    {"T1071", "Application Layer Protocol"},
    {"T1071.001", "Application Layer Protocol: Web Protocols"},
    {"T1071.004", "Application Layer Protocol: DNS"},
    {"T1090", "Proxy"},
    {"T1204", "User Execution"},
    {"T1205", "Traffic Signaling"},
    {"T1496", "Resource Hijacking"},
    {"T1498", "Network Denial of Service"},
    {"T1554", "Compromise Host Software Binary"},
    {"T1568", "Dynamic Resolution"},
    {"T1571", "Non-Standard Port"},
    {"T1572", "Protocol Tunneling"},
    {"T1573", "Encrypted Channel"},
};

}  // namespace

const KindInfo& info(Kind kind) {
  return kInfos[static_cast<std::size_t>(kind)];
}

std::string_view technique_name(std::string_view id) {
  const auto found = std::find_if(std::begin(kTechniques), std::end(kTechniques),
                                  [&](const Technique& each) { return each.id == id; });
  return found == std::end(kTechniques) ? std::string_view{} : found->name;
}

}  // namespace ipm::alert
