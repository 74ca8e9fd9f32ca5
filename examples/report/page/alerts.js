// Alerts: what was found, its evidence, and what its app moved around it.

const severities = ['high', 'medium', 'low', 'info'];

function fact(name, ...value) { return [element('dt', {}, name), element('dd', {}, ...value)]; }

function metricText(metric, value) {
  if (metric.endsWith('_bytes') || metric === 'bytes') return bytes(value);
  return Number.isInteger(value) ? count(value) : fraction(value);
}

function alertFacts(row) {
  const alerts = tables.alerts;
  const get = (name) => alerts.cell(row, name);
  const out = [];
  if (get('comm') !== null) {
    out.push(...fact(
        'Process', foreign(get('comm')), get('pid') === null ? '' : ` (pid ${get('pid')})`,
        get('exe') === null ? '' : element('span', {class: 'quiet'}, ' ', foreign(get('exe')))));
  }
  out.push(...fact('App', get('app') === null ? 'none: it is about the host' : foreign(get('app'))));
  if (get('remote_addr') !== null) {
    const port = get('remote_port') === null ? '' : ` port ${get('remote_port')}`;
    const more = [get('remote_name'), get('asn') === null ? null : 'AS' + get('asn'), get('country')].filter(
        (each) => each !== null);
    out.push(...fact(
        'Remote', foreign(get('remote_addr')), port,
        more.length ? element('span', {class: 'quiet'}, ' ', foreign(more.join(', '))) : ''));
  }
  if (get('feed') !== null) out.push(...fact('Listed', foreign(`${get('indicator')} in ${get('feed')}`)));
  if (get('threshold') !== null) out.push(...fact('Threshold', foreign(get('threshold'))));
  out.push(...fact('Since', utc(get('since'))));
  const metric = get('metric');
  out.push(...fact(
      'Measured',
      `${metric} ${metricText(metric, get('value'))}; usual ` +
          `${metricText(metric, get('expected_low'))} to ${metricText(metric, get('expected_high'))} ` +
          `(${plural(get('samples'), 'sample')})`));
  if (get('techniques') !== null) {
    const names = get('techniques').split(' ').map((id) => id + (run.techniques[id] ? ' ' + run.techniques[id] : ''));
    out.push(...fact('Techniques', names.join('; ')));
  }
  out.push(...fact('Verdict', get('verdict') === null ? unknown(alerts.info('verdict')) : get('verdict')));
  return out;
}

function alertCard(row) {
  const alerts = tables.alerts;
  const get = (name) => alerts.cell(row, name);
  const id = get('id');
  const severity = get('severity');
  const kind = run.kinds[get('kind')];
  const chart = element('div', {class: 'chart'});
  const context = run.contexts[id];
  const figure = element('figure', {}, chart);
  if (context.why) {
    chart.append(element('p', {class: 'note'}, `No chart: ${context.why}.`));
  } else {
    const moved = context.tx.some((value) => value > 0) || context.rx.some((value) => value > 0);
    const whose = get('app') === null ? 'all apps' : 'this app';
    figure.append(element(
        'figcaption', {}, element('span', {class: 'key key-sent'}, 'sent'), ' ',
        element('span', {class: 'key key-received'}, 'received'),
        ` by ${whose}, mean of ${duration(context.width_s)}; dashed: the alert; grey: outside of the run` +
            (moved ? '' : '. It moved nothing in this time.')));
  }
  const state =
      [get('state'), get('notified') ? 'notified' : 'not notified', get('drill') ? 'drill' : ''].filter(Boolean);
  const out = element(
      'article', {class: 'alert edge-' + severity, 'aria-labelledby': 'alert-' + id},
      element(
          'header', {}, element('span', {class: 'badge badge-' + severity}, severity),
          element('h3', {id: 'alert-' + id}, get('kind'), element('span', {class: 'quiet'}, ' ' + get('title'))),
          element(
              'span', {class: 'when'},
              `${utc(get('opened'))} · score ${fraction(get('score'))} · #${id} · ${state.join(' · ')}`)),
      element(
          'div', {class: 'story'}, element('p', {class: 'evidence'}, foreign(get('evidence'))),
          element('dl', {}, alertFacts(row)),
          kind ? element(
                     'details', {}, element('summary', {}, 'What it means, what to check'),
                     element('p', {}, kind.means), element('p', {}, element('strong', {}, 'Check: '), kind.check),
                     element('p', {}, element('strong', {}, 'To make it rarer: '), kind.tune)) :
                 ''),
      figure);
  out.dataset.words = out.textContent.toLowerCase();
  out.dataset.severity = severity;
  return {out, chart, context};
}

function alertsSection(host) {
  const alerts = tables.alerts;
  if (alerts.rows === 0) {
    host.append(element(
        'p', {class: 'note'},
        evicted('alerts') ? 'Its alerts have made room for others.' : 'This run raised no alert.'));
    return;
  }
  const filter = element('input', {type: 'search', id: 'alerts-filter', autocomplete: 'off', spellcheck: 'false'});
  const shownCount = element('span', {class: 'count', role: 'status'});
  const numbers = (severity) => alerts.numbers().filter((row) => alerts.cell(row, 'severity') === severity).length;
  const boxes = severities.map(
      (severity) => element('input', {type: 'checkbox', id: 'show-' + severity, value: severity, checked: true}));
  const choice = element(
      'fieldset', {}, element('legend', {}, 'Severity'), boxes.map((box) => element('label', { for: box.id
                                                                   }, box, ` ${box.value} (${numbers(box.value)})`)));
  const list = element('div', {class: 'alert-list'});
  host.append(element('div', {class: 'tools'}, element('label', { for: 'alerts-filter'
                      }, 'Filter'), filter, choice, shownCount), list);
  const cards = alerts.numbers().map(alertCard);
  for (const {out, chart, context} of cards) {
    list.append(out);
    if (!context.why) alertChart(chart, context, alerts.cell(cards.findIndex((each) => each.out === out), 'opened'));
  }
  const draw = () => {
    const wanted = filter.value.trim().toLowerCase();
    const chosen = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let visible = 0;
    for (const {out} of cards) {
      out.hidden = !(chosen.has(out.dataset.severity) && out.dataset.words.includes(wanted));
      visible += out.hidden ? 0 : 1;
    }
    shownCount.textContent = `${count(visible)} of ${count(cards.length)} alerts`;
  };
  filter.addEventListener('input', draw);
  for (const box of boxes) box.addEventListener('change', draw);
  draw();
  if (evicted('alerts') > 0) {
    host.append(element(
        'p', {class: 'note'}, `${count(evicted('alerts'))} more had made room for others before the end of the run.`));
  }
  if (alerts.total > alerts.rows) {
    host.append(element(
        'p', {class: 'note'},
        `This report has the ${count(alerts.rows)} most severe of ` +
            `${count(alerts.total)} alerts: ${count(alerts.total - alerts.rows)} are not in it.`));
  }
}
