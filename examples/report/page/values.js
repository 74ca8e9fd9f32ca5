'use strict';
// What the run left, and how its values are shown. Names of programs, hosts and files come from strangers: they reach
// the page as text nodes only.
const run = JSON.parse(document.getElementById('data').textContent);

// An element with attributes and children; children that are no nodes become text.
function element(tag, attributes, ...children) {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== null && value !== false) out.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat()) {
    if (child !== undefined && child !== null && child !== '') out.append(child);
  }
  return out;
}

function byId(id) { return document.getElementById(id); }

// A table of the run: rows by number, cells by the name of their column. A missing cell is null, never 0.
class Table {
  constructor(name) {
    const data = run[name];
    this.rows = data.rows;
    this.total = data.rows_total;
    this.columns = new Map(data.columns.map((column) => [column.name, column]));
  }
  info(name) { return this.columns.get(name); }
  cell(row, name) {
    const column = this.columns.get(name);
    const value = column.values[row];
    return value === null || column.texts === undefined ? value : column.texts[value];
  }
  numbers() { return Array.from({length: this.rows}, (_, row) => row); }
}

const tables = {};
for (const name of ['apps', 'endpoints', 'connections', 'alerts', 'sources', 'ledger']) tables[name] = new Table(name);

// Characters that cannot be seen or that turn text around are named. <bdi> keeps the rest from mixing with what is
// beside.
const unseen =
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;

function foreign(text) {
  const out = element('bdi');
  let plain = '';
  for (const character of String(text)) {
    if (!unseen.test(character)) {
      plain += character;
      continue;
    }
    const code = 'U+' + character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    out.append(plain, element('span', {class: 'unseen', title: 'a character that cannot be seen'}, code));
    plain = '';
  }
  out.append(plain);
  return out;
}

function count(value) { return value.toLocaleString('en-US'); }

function plural(value, one, many) { return count(value) + ' ' + (value === 1 ? one : many || one + 's'); }

// Three figures are enough to read; the exact number is in the title.
function scaled(value, steps, units) {
  let at = 0;
  for (; Math.abs(value) >= steps && at + 1 < units.length; ++at) value /= steps;
  const digits = at === 0 ? (Number.isInteger(value) ? 0 : 1) : Math.abs(value) >= 100 ? 0 : 1;
  return value.toFixed(digits) + ' ' + units[at];
}

function bytes(value) { return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']); }

function rate(value) { return bytes(value) + '/s'; }

function duration(seconds) {
  if (seconds < 1e-3) return (seconds * 1e6).toFixed(0) + ' µs';
  if (seconds < 1) return (seconds * 1e3).toFixed(seconds < 0.01 ? 1 : 0) + ' ms';
  if (seconds < 60) return Number(seconds.toFixed(1)) + ' s';
  if (seconds < 3600) return Number((seconds / 60).toFixed(1)) + ' min';
  if (seconds < 48 * 3600) return Number((seconds / 3600).toFixed(1)) + ' h';
  return Number((seconds / 86400).toFixed(1)) + ' days';
}

function utc(milliseconds, withDate = true) {
  const text = new Date(milliseconds).toISOString();
  return (withDate ? text.slice(0, 10) + ' ' : '') + text.slice(11, 19) + 'Z';
}

function local(milliseconds) {
  return new Date(milliseconds).toLocaleString('en-GB', {dateStyle: 'medium', timeStyle: 'medium'});
}

function fraction(value) {
  if (value === 0 || value >= 0.001) return String(Number(value.toPrecision(3)));
  return value.toExponential(1);
}

function unknown(info) {
  return element('span', {class: 'null', title: 'no value: ' + (info.null_when || 'not known')}, '–');
}

// A number as its column means it; times and spans too.
function numberText(value, info) {
  if (info.type === 'time') return utc(value);
  if (info.type === 'bool') return value ? 'yes' : 'no';
  if (info.unit === 'bytes') return bytes(value);
  if (info.unit === 'bytes/s') return rate(value);
  const seconds = {ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1}[info.unit];
  if (seconds !== undefined) return duration(value * seconds);
  const text = Number.isInteger(value) ? count(value) : fraction(value);
  return info.unit === '%' ? text + ' %' : text;
}

// A cell as a node.
function shown(table, row, name) {
  const info = table.info(name);
  const value = table.cell(row, name);
  if (value === null) return unknown(info);
  if (info.type === 'text') return foreign(value);
  if (['pid', 'local_port', 'remote_port', 'last_port', 'asn', 'netns', 'number', 'id'].includes(name))
    return String(value);
  const text = numberText(value, info);
  const exact = info.unit === 'bytes' || info.unit === 'bytes/s' ? count(value) + ' ' + info.unit : undefined;
  return exact ? element('span', {title: exact}, text) : text;
}
