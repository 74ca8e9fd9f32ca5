// Traffic by time, drawn by uPlot in the colours of the style sheet.

const drawings = [];  // All charts: drawn again when the theme, the width or the medium changes.
let printing = false;

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function seriesColour(at, last) { return colour(at === last ? '--other' : '--series-' + (at + 1)); }

// Calls make(width) -> uPlot now, or once it comes near the screen; on paper with that width.
function drawing(host, paperWidth, make, lazy = false) {
  const each = {host, plot: null, wanted: !lazy};
  each.draw = () => {
    if (each.plot) each.plot.destroy();
    each.plot = make(printing ? paperWidth : Math.max(host.clientWidth, 200));
  };
  drawings.push(each);
  if (!lazy) return each.draw();
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting) || each.wanted) return;
    observer.disconnect();
    each.wanted = true;
    each.draw();
  }, {rootMargin: '800px'}).observe(host);
}

function redraw(all) {
  for (const each of drawings) {
    if (all) each.wanted = true;
    if (each.wanted) each.draw();
  }
}

function axes() {
  const line = {stroke: colour('--line'), width: 1};
  const text = {stroke: colour('--quiet'), font: '12px system-ui, sans-serif', grid: line, ticks: line};
  const rates = {...text, size: 78, values: (_, ticks) => ticks.map((value) => rate(value))};
  // Ticks at round numbers of KiB and MiB.
  rates.incrs = Array.from({length: 45}, (_, power) => 2 ** power);
  const incrs = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
    ...[1, 2, 7, 30, 90, 365].map((days) => days * 86400)
  ];
  return [{...text, space: 70, incrs, values: (_, ticks) => tickTexts(ticks)}, rates];
}

// Hours of the day in UTC; the day below the first, and below each midnight.
function tickTexts(ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 60;
  let before = '';
  return ticks.map((seconds) => {
    const text = new Date(seconds * 1000).toISOString();
    const day = text.slice(0, 10);
    const time = step >= 86400 ? '' : text.slice(11, step < 60 ? 19 : 16);
    const news = day === before ? '' : day;
    before = day;
    return time && news ? time + '\n' + news : time + news;
  });
}

function common(width, height) {
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    axes: axes(),
    legend: {show: false},
    cursor: {y: false, drag: {x: false, y: false}, points: {show: false}},
  };
}

// Bytes of intervals as a mean rate. The last value is said twice, so that its step has an end.
function rates(values, width) {
  const out = values.map((value) => value / width);
  if (out.length) out.push(out[out.length - 1]);
  return out;
}

function times(begin, width, length) { return Array.from({length: length + 1}, (_, at) => begin / 1000 + at * width); }

// The arrow keys move the cursor of a chart that has the focus.
function steer(host, plotOf, length) {
  host.tabIndex = 0;
  let at = 0;
  host.addEventListener('keydown', (event) => {
    const step = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity}[event.key];
    const plot = plotOf();
    if (step === undefined || !plot) return;
    event.preventDefault();
    at = Math.min(Math.max((plot.cursor.idx ?? at) + step, 0), length - 1);
    plot.setCursor({left: plot.valToPos(plot.data[0][at], 'x'), top: 10});
  });
}

// Small marks at the upper edge where alerts opened.
function alertMarks(plot) {
  const size = 5 * devicePixelRatio;
  const alerts = tables.alerts;
  for (const row of alerts.numbers()) {
    const x = plot.valToPos(alerts.cell(row, 'opened') / 1000, 'x', true);
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue;
    plot.ctx.fillStyle = colour('--' + alerts.cell(row, 'severity'));
    plot.ctx.beginPath();
    plot.ctx.moveTo(x - size, plot.bbox.top - size * 1.6);
    plot.ctx.lineTo(x + size, plot.bbox.top - size * 1.6);
    plot.ctx.lineTo(x, plot.bbox.top);
    plot.ctx.fill();
  }
}

// All apps on top of each other, one direction. `show(at)` hears which interval the cursor is over.
function stackedChart(host, label, direction, show) {
  const {begin, width_s: width, buckets, apps} = run.timeline;
  const layers = run.timeline[direction].map((values) => rates(values, width));
  const sums = layers.reduce(
      (below, layer) => [...below, layer.map((value, at) => value + (below.length ? below[below.length - 1][at] : 0))],
      []);
  // The highest first: each paints over the lower part of the one before.
  const order = sums.map((_, at) => at).reverse();
  const data = [times(begin, width, buckets), ...order.map((at) => sums[at])];
  let plot = null;
  const peak = Math.max(...sums[sums.length - 1]);
  const at = sums[sums.length - 1].indexOf(peak);
  host.setAttribute('role', 'img');
  host.setAttribute(
      'aria-label',
      `${label} by app over time. Highest: ${rate(peak)} at ${utc(data[0][at] * 1000)}. ` +
          'The arrow keys read single intervals.');
  drawing(host, 680, (chartWidth) => {
    const stepped = uPlot.paths.stepped({align: 1});
    plot = new uPlot(
        {
          ...common(chartWidth, 210),
          padding: [14, 36, 0, 0],
          scales: {x: {time: true}, y: {range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1]}},
          series: [
            {}, ...order.map((layer) => {
              // No outline: it would mix with that of the layers above.
              return {fill: seriesColour(layer, apps.length), width: 0, paths: stepped, points: {show: false}};
            })
          ],
          hooks: {draw: [alertMarks], setCursor: [(self) => show(self.cursor.idx)]},
        },
        data, host);
    return plot;
  });
  steer(host, () => plot, buckets);
}

function trafficSection(host) {
  const {begin, width_s: width, buckets, apps, others} = run.timeline;
  if (buckets === 0) {
    host.append(element('p', {class: 'note'}, 'No traffic of this run is known by time.'));
    return;
  }
  const readout = element('p', {class: 'readout', role: 'status'});
  const idle = `Mean rates of intervals of ${duration(width)}, UTC. Triangles: alerts.`;
  const show = (at) => {
    if (at === null || at === undefined || at >= buckets) {
      readout.textContent = idle;
      return;
    }
    const sum = (direction) => run.timeline[direction].reduce((total, layer) => total + layer[at], 0);
    const parts = [...apps, 'others']
                      .map((app, layer) => ({app, moved: run.timeline.tx[layer][at] + run.timeline.rx[layer][at]}))
                      .filter((each) => each.moved > 0);
    parts.sort((a, b) => b.moved - a.moved);
    readout.replaceChildren(
        `${utc(begin + at * width * 1000)}: ${bytes(sum('tx'))} sent, ${bytes(sum('rx'))} received. `,
        ...parts.slice(0, 3).flatMap((each, n) => [n ? ', ' : '', foreign(each.app), ' ' + bytes(each.moved)]));
  };
  show(null);
  const total = (layer, direction) => run.timeline[direction][layer].reduce((sum, value) => sum + value, 0);
  const names = others > 0 ? [...apps, null] : apps;
  const legend = element('ul', {class: 'legend'}, names.map((app, layer) => {
    const swatch = element('span', {class: 'swatch', 'aria-hidden': 'true'});
    swatch.classList.add(app === null ? 'swatch-other' : 'swatch-' + (layer + 1));
    return element(
        'li', {}, swatch,
        element(
            'span', {}, app === null ? plural(others, 'other app') : foreign(app || 'unknown app'), ' ',
            element('span', {class: 'quiet'}, `${bytes(total(layer, 'tx'))} ↑ ${bytes(total(layer, 'rx'))} ↓`)));
  }));
  const hosts = ['Sent', 'Received'].map(() => element('div', {class: 'chart'}));
  host.append(
      element(
          'div', {class: 'pair'}, element('div', {}, element('h3', {}, 'Sent'), hosts[0]),
          element('div', {}, element('h3', {}, 'Received'), hosts[1])),
      readout, legend);
  stackedChart(hosts[0], 'Sent', 'tx', show);
  stackedChart(hosts[1], 'Received', 'rx', show);
  const charted = names.reduce((sum, _, layer) => sum + total(layer, 'tx') + total(layer, 'rx'), 0);
  const seen = ledgerLines().reduce((sum, line) => sum + line.seen, 0);
  if (seen > charted) {
    host.append(element(
        'p', {class: 'note'},
        `${bytes(seen - charted)} of ${bytes(seen)} are not in these charts: without a known app, ` +
            'lost, moved before the source was there, or of a time that is not known any more.'));
  }
  const known = (run.end - begin) / 1000;
  if (begin > run.begin + 60000) {
    host.append(element('p', {class: 'note'}, `Only the last ${duration(known)} are known by time.`));
  }
}

// One app around an alert: sent and received, and when it opened.
function alertChart(host, context, opened) {
  const width = context.width_s;
  const length = context.tx.length;
  const data = [times(context.begin, width, length), rates(context.tx, width), rates(context.rx, width)];
  // Half an hour on either side, or a little more than the run where that is shorter.
  const edge = Math.max(60, (run.end - run.begin) / 1000 / 20);
  const range =
      [Math.max(opened / 1000 - 1800, run.begin / 1000 - edge), Math.min(opened / 1000 + 1800, run.end / 1000 + edge)];
  let plot = null;
  host.setAttribute('role', 'img');
  host.setAttribute(
      'aria-label',
      `Traffic of the app from 30 minutes before to 30 minutes after the alert. Highest: ` +
          `${rate(Math.max(...data[1]))} sent, ${rate(Math.max(...data[2]))} received.`);
  const marks = (self) => {
    const {left, top, width: wide, height} = self.bbox;
    const place = (seconds) => Math.min(Math.max(self.valToPos(seconds, 'x', true), left), left + wide);
    self.ctx.fillStyle = colour('--outside');  // Not in the run: nothing was counted, which is not 0.
    self.ctx.fillRect(left, top, place(data[0][0]) - left, height);
    const end = place(data[0][length]);
    self.ctx.fillRect(end, top, left + wide - end, height);
  };
  const line = (self) => {
    const {top, height} = self.bbox;
    const x = self.valToPos(opened / 1000, 'x', true);
    self.ctx.strokeStyle = colour('--high');
    self.ctx.lineWidth = 2 * devicePixelRatio;
    self.ctx.setLineDash([5 * devicePixelRatio, 3 * devicePixelRatio]);
    self.ctx.beginPath();
    self.ctx.moveTo(x, top);
    self.ctx.lineTo(x, top + height);
    self.ctx.stroke();
    self.ctx.setLineDash([]);
  };
  drawing(host, 260, (chartWidth) => {
    const stepped = uPlot.paths.stepped({align: 1});
    const series = (name) => ({stroke: colour(name), width: 1.5, paths: stepped, points: {show: false}});
    plot = new uPlot(
        {
          ...common(chartWidth, 150),
          padding: [8, 36, 0, 0],
          scales: {x: {time: true, range: () => range}, y: {range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1]}},
          series: [{}, series('--sent'), series('--received')],
          hooks: {drawClear: [marks], draw: [line]},
        },
        data, host);
    return plot;
  }, true);
}
