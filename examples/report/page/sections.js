// The tables of the page.

// A number with a bar behind it: its share of the largest.
function withBar(table, column) {
  const values = table.numbers().map((row) => table.cell(row, column.name) ?? 0);
  const largest = Math.max(...values, 1);
  return {
    ...column,
    cell: (row) => {
      const bar = element('span', {class: 'share', 'aria-hidden': 'true'});
      bar.style.width = `${(60 * values[row]) / largest}px`;
      return element('span', {class: 'barred'}, bar, column.cell(row));
    }
  };
}

function bar(table, name, label) { return withBar(table, {...plain(table, name, label), name}); }

function appsSection(host) {
  const table = tables.apps;
  const column = (name, label) => plain(table, name, label);
  const minor = (name, label) => plain(table, name, label, true);
  new SortedTable(host, {
    id: 'apps',
    label: 'Apps of the run',
    rows: table.numbers(),
    sortedBy: 1,
    note: absence(table, evicted('apps'), 'apps'),
    columns: [
      column('app', 'App'), bar(table, 'tx_bytes', 'Sent'), bar(table, 'rx_bytes', 'Received'),
      column('tx_bytes_external', 'Sent outside'), minor('rx_bytes_external', 'Received outside'),
      column('connects', 'Connects'), column('accepts', 'Accepts'), column('connect_failures', 'Failures'),
      column('remotes', 'Remotes'), minor('processes_total', 'Processes'), minor('retransmits', 'Resent'),
      minor('srtt_us', 'RTT'), minor('score', 'Score'), minor('quality', 'Owner'), minor('coverage', 'Coverage'),
      minor('layer', 'Layer'), minor('first_seen', 'First seen'), minor('last_seen', 'Last seen')
    ],
  });
}

function appsOfEndpoint(row) {
  const found = run.endpoint_apps[tables.endpoints.cell(row, 'remote_addr')];
  if (!found)
    return element(
        'span', {class: 'null', title: 'no value: no connection to it with a known app is in the table any more'}, '–');
  const [total, ...names] = found;
  return element(
      'span', {}, names.flatMap((name, at) => [at ? ', ' : '', foreign(name)]),
      total > names.length ? element('span', {class: 'quiet'}, ` and ${count(total - names.length)} more`) : '');
}

function destinationsSection(host) {
  const table = tables.endpoints;
  const column = (name, label) => plain(table, name, label);
  const minor = (name, label) => plain(table, name, label, true);
  const apps = {
    label: 'Apps',
    help: 'Whose connections to it are still in the table of connections.',
    text: true,
    cell: appsOfEndpoint,
    value: (row) => (run.endpoint_apps[table.cell(row, 'remote_addr')] || [null, null])[1]
  };
  new SortedTable(host, {
    id: 'destinations',
    label: 'Remote addresses of the run',
    rows: table.numbers(),
    sortedBy: 6,
    note: absence(table, evicted('endpoints'), 'addresses'),
    columns: [
      column('remote_addr', 'Address'), column('remote_name', 'Name'), column('country', 'Country'),
      column('asn', 'AS'), minor('as_name', 'AS name'), column('scope', 'Scope'), bar(table, 'tx_bytes', 'Sent'),
      bar(table, 'rx_bytes', 'Received'), apps, minor('last_port', 'Last port'), column('flows_total', 'Flows'),
      column('connects', 'Connects'), minor('connect_failures', 'Failures'), minor('feed', 'On list'),
      minor('layer', 'Layer'), minor('first_seen', 'First seen'), minor('last_seen', 'Last seen')
    ],
  });
}

function connectionsSection(host) {
  const table = tables.connections;
  const column = (name, label) => plain(table, name, label);
  const minor = (name, label) => plain(table, name, label, true);
  new SortedTable(host, {
    id: 'connections',
    label: 'Connections of the run',
    rows: table.numbers(),
    sortedBy: 7,
    note: absence(table, evicted('connections'), 'connections'),
    columns: [
      column('app', 'App'),
      minor('pid', 'Pid'),
      column('proto', 'Proto'),
      minor('direction', 'Direction'),
      column('remote_addr', 'Remote'),
      column('remote_port', 'Port'),
      column('remote_name', 'Name'),
      column('tx_bytes', 'Sent'),
      column('rx_bytes', 'Received'),
      column('duration', 'Lasted'),
      column('state', 'State'),
      minor('close_reason', 'Ended'),
      minor('tx_retransmits', 'Resent'),
      minor('srtt_us', 'RTT'),
      minor('local_addr', 'Local'),
      minor('local_port', 'Local port'),
      column('opened', 'Opened'),
      minor('quality', 'Owner'),
      minor('coverage', 'Coverage'),
      minor('layer', 'Layer')
    ],
  });
}

// A small table with all its rows.
function smallTable(label, heads, rows) {
  return element(
      'div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label},
      element(
          'table', {}, element('caption', {}, label),
          element(
              'thead', {},
              element(
                  'tr', {},
                  heads.map(
                      (head) => element(
                          'th', {scope: 'col', class: head.text ? '' : 'number', title: head.help}, head.label)))),
          element(
              'tbody', {},
              rows.map(
                  (cells) => element(
                      'tr', {},
                      cells.map((cell, at) => element('td', {class: heads[at].text ? '' : 'number'}, cell)))))));
}

function wholeTable(label, table, names) {
  return smallTable(
      label,
      names.map(([name, head]) => ({label: head, help: table.info(name).help, text: table.info(name).type === 'text'})),
      table.numbers().map((row) => names.map(([name]) => shown(table, row, name))));
}

function missingLines() {
  const sources = tables.sources;
  return sources.numbers().flatMap(
      (row) =>
          (sources.cell(row, 'missing') || '')
              .split('\n')
              .filter(Boolean)
              .map(
                  (line) => element(
                      'li', {}, element('strong', {}, foreign(sources.cell(row, 'source'))), ': ', foreign(line))));
}

function qualitySection(host) {
  const {sources, ledger} = tables;
  host.append(element('p', {}, qualitySentences().join(' ')));
  host.append(wholeTable('Sources', sources, [
    ['number', 'No.'], ['source', 'Source'], ['uri', 'URI'], ['state', 'State'], ['received', 'Received'],
    ['written', 'Written'], ['filtered', 'Filtered'], ['dropped', 'Dropped'], ['malformed', 'Malformed'],
    ['lost', 'Lost'], ['self_test', 'Self-test']
  ]));
  const missing = missingLines();
  if (missing.length)
    host.append(element('h3', {}, 'What the sources could not see'), element('ul', {class: 'missing'}, missing));
  const names = [
    ['line', 'Line'], ['layer', 'Layer'], ['direction', 'Direction'], ['netns', 'Namespace'], ['seen', 'Seen'],
    ['attributed', 'Attributed'], ['unattributed', 'Unattributed'], ['candidate', 'Candidate'], ['evicted', 'Evicted'],
    ['known_lost', 'Known lost'], ['balanced', 'Balanced'], ['octets', 'Octets'], ['payload', 'Payload'],
    ['headers', 'Headers'], ['gap', 'Gap'], ['lost_events', 'Lost events']
  ];
  if (ledger.rows)
    host.append(wholeTable('Ledger: seen = attributed + unattributed + evicted + known lost', ledger, names));
  if (ledger.total > ledger.rows)
    host.append(element(
        'p', {class: 'note'}, `${count(ledger.total - ledger.rows)} lines of the ledger are not in this report.`));
  host.append(smallTable(
      'Bounds: what was held at most, and what made room for others',
      [{label: 'Of', text: true}, {label: 'Used'}, {label: 'Most'}, {label: 'Bound'}, {label: 'Evicted'}],
      run.stats.bounds.map(
          (bound) =>
              [bound.name, count(bound.used), count(bound.high_water), count(bound.max), count(bound.evicted)])));
  const counters = [
    ['events', 'events taken in'], ['events_late', 'came later than their place'],
    ['events_dropped', 'dropped because a lane was full'], ['events_unknown', 'skipped, of no known kind'],
    ['data_other_layer', 'data events skipped, of a flow counted at another layer'],
    ['rows_refused', 'rows refused, their table in use'],
    ['programs_evicted', 'programs that detectors gave up for others']
  ];
  host.append(element(
      'ul', {class: 'counters'},
      counters.map(([name, words]) => element('li', {}, element('strong', {}, count(run.stats[name])), ' ' + words)),
      element('li', {}, element('strong', {}, count(run.texts_cut)), ' texts were cut at 512 bytes in this report')));
  host.append(element('p', {class: 'note'}, '– is not 0: it could not be measured here. The title of each says why.'));
}
