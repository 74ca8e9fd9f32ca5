// What was watched, how much it was, and how far to trust that.

function evicted(name) { return run.stats.bounds.find((bound) => bound.name === name).evicted; }

// Bytes of the ledger by layer and direction.
function ledgerLines() {
  const ledger = tables.ledger;
  return ledger.numbers().filter((row) => ledger.cell(row, 'line') === 'bytes').map((row) => Object.fromEntries([
    ...ledger.columns.keys()
  ].map((name) => [name, ledger.cell(row, name)])));
}

function percent(part, whole) {
  if (part === 0) return '0 %';
  const value = (100 * part) / whole;
  if (value < 0.01) return 'less than 0.01 %';
  // Not 100 % while anything is missing.
  return (part === whole ? '100' : Math.min(value, 99.99).toFixed(value < 10 || value > 99 ? 2 : 1)) + ' %';
}

// How far the numbers of this run can be trusted, in a few sentences.
function qualitySentences() {
  const lines = ledgerLines();
  const sum = (name) => lines.reduce((total, line) => total + (line[name] ?? 0), 0);
  const out = [];
  const seen = sum('seen');
  if (seen === 0) {
    out.push('No bytes were counted.');
  } else if (sum('attributed') === seen) {
    out.push('Every byte that was seen has a process it belongs to.');
  } else {
    const rest = [
      ['unattributed', 'without a known process'], ['evicted', 'in rows that made room for others'],
      ['known_lost', 'known to be lost']
    ].filter(([name]) => sum(name) > 0);
    out.push(
        `${percent(sum('attributed'), seen)} of the bytes that were seen have a process they belong to; ` +
        rest.map(([name, words]) => `${percent(sum(name), seen)} are ${words}`).join(', ') + '.');
  }
  if (lines.some((line) => line.balanced === 0)) out.push('The ledger does not balance: please report it.');
  const lost = sum('lost_events') + run.stats.events_dropped;
  out.push(
      lost === 0 ?
          'No event is known to be lost.' :
          `${plural(lost, 'event')} ${lost === 1 ? 'was' : 'were'} lost: what would have been told is missing.`);
  const sources = tables.sources;
  const malformed = sources.numbers().reduce((total, row) => total + sources.cell(row, 'malformed'), 0);
  if (malformed)
    out.push(`${plural(malformed, 'record')} of the sources ${malformed === 1 ? 'was' : 'were'} not understood.`);
  const reduced = sources.numbers().filter((row) => sources.cell(row, 'missing') !== null);
  if (reduced.length)
    out.push(`${plural(reduced.length, 'source')} saw less than it could; what and why is under Quality.`);
  const partly = tables.apps.numbers().filter((row) => tables.apps.cell(row, 'coverage') !== 'full').length;
  if (partly)
    out.push(`The numbers of ${count(partly)} of ${
        plural(tables.apps.rows, 'app')} do not cover everything: see their column “Coverage”.`);
  return out;
}

function tile(label, value, detail) {
  return element(
      'div', {class: 'tile'}, element('dt', {}, label),
      element('dd', {}, value, detail ? element('span', {class: 'quiet'}, detail) : ''));
}

function overview(host) {
  byId('title').append(foreign(run.title));
  const {apps, alerts, endpoints, connections, sources} = tables;
  const watched = sources.numbers().filter((row) => sources.cell(row, 'source') !== 'enrich');
  host.append(element(
      'p', {class: 'watched'}, 'Watched: ',
      watched.flatMap((row, at) => [at ? ', ' : '', element('code', {}, foreign(sources.cell(row, 'uri')))])));
  if (run.end > 0) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    host.append(element(
        'p', {}, element('strong', {}, `${utc(run.begin)} to ${utc(run.end)}`),
        ` (${duration((run.end - run.begin) / 1000)})`, element('br'),
        element(
            'span', {class: 'quiet'}, `${local(run.begin)} to ${local(run.end)} where this page is read (`,
            foreign(zone), ')')));
  } else {
    host.append(element('p', {}, 'Nothing happened in this run.'));
  }
  const lines = ledgerLines();
  const moved = (direction) => lines.filter((line) => line.direction === direction && line.seen > 0);
  const total = (direction) => moved(direction).reduce((sum, line) => sum + line.seen, 0);
  const layers = (direction) =>
      moved(direction)
          .map((line) => (moved(direction).length > 1 ? bytes(line.seen) + ' ' : '') + line.layer)
          .join(', ');
  const bySeverity =
      severities
          .map(
              (severity) =>
                  [severity, alerts.numbers().filter((row) => alerts.cell(row, 'severity') === severity).length])
          .filter(([, number]) => number > 0)
          .map(([severity, number]) => `${number} ${severity}`)
          .join(', ');
  const exact = (direction) => lines.length === 0 ?
      element('span', {class: 'null', title: 'no value: no source counted bytes'}, '–') :
      element('span', {title: count(total(direction)) + ' bytes'}, bytes(total(direction)));
  host.append(element(
      'dl', {class: 'tiles'}, tile('Sent', exact('tx'), layers('tx') ? 'layer: ' + layers('tx') : ''),
      tile('Received', exact('rx'), layers('rx') ? 'layer: ' + layers('rx') : ''),
      tile('Apps', count(apps.total), evicted('apps') ? `${count(evicted('apps'))} more evicted` : ''),
      tile(
          'Connections', count(connections.total),
          evicted('connections') ? `${count(evicted('connections'))} more evicted` : ''),
      tile(
          'Destinations', count(endpoints.total),
          evicted('endpoints') ? `${count(evicted('endpoints'))} more evicted` : ''),
      tile('Alerts', count(alerts.total), [
        bySeverity, evicted('alerts') ? `${count(evicted('alerts'))} more evicted` : ''
      ].filter(Boolean).join('; '))));
  host.append(element('p', {class: 'quality'}, qualitySentences().join(' ')));
}
