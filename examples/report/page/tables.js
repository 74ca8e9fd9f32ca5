// Tables that are sorted by their headings and filtered by a word.

const rowsAtFirst = 25;

// What of a table is not here, in words. Nothing is left out silently.
function absence(table, evicted, what) {
  const out = [];
  if (table.total > table.rows) {
    out.push(
        `This report has the ${count(table.rows)} ${what} with most bytes of ${count(table.total)}: ` +
        `${count(table.total - table.rows)} are not in it.`);
  }
  if (evicted > 0) out.push(`${count(evicted)} more had made room for others before the end of the run.`);
  return out.join(' ');
}

function cellClass(column) { return (column.text ? 'words' : 'number') + (column.minor ? ' minor' : ''); }

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === 'string' ? a.localeCompare(b, 'en', {numeric: true}) : a - b;
}

// columns: {label, help, cell(row) -> node, value(row) -> what is sorted by, text: true for words, minor: true where
// paper has no room for it}.
class SortedTable {
  constructor(host, {id, label, columns, rows, sortedBy, note}) {
    this.columns = columns;
    this.rows = rows;
    this.sort = {column: sortedBy, down: true};
    this.all = false;
    this.words = rows.map((row) => columns.map((each) => this.textOf(each, row)).join('\n').toLowerCase());
    this.filter = element('input', {type: 'search', id: id + '-filter', autocomplete: 'off', spellcheck: 'false'});
    this.count = element('span', {class: 'count', role: 'status'});
    this.more = element('button', {type: 'button', class: 'more'});
    this.heads = columns.map((each, at) => this.heading(each, at));
    this.body = element('tbody');
    this.filter.addEventListener('input', () => this.draw());
    this.more.addEventListener('click', () => {
      this.all = !this.all;
      this.draw();
    });
    const table = element(
        'table', {id: id + '-table'}, element('caption', {class: 'quiet'}, label),
        element('thead', {}, element('tr', {}, this.heads)), this.body);
    host.append(
        element(
            'div', {class: 'tools'},
            element(
                'label',
                { for: id + '-filter'
                },
                'Filter'),
            this.filter, this.count),
        element('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label}, table), this.more);
    if (note) host.append(element('p', {class: 'note'}, note));
    this.draw();
  }

  textOf(column, row) {
    const node = column.cell(row);
    return typeof node === 'string' ? node : node.textContent;
  }

  heading(column, at) {
    const button = element(
        'button', {type: 'button', title: column.help}, column.label,
        element('span', {class: 'arrow', 'aria-hidden': 'true'}));
    button.addEventListener('click', () => {
      const again = this.sort.column === at;
      this.sort = {column: at, down: again ? !this.sort.down : !column.text};
      this.draw();
    });
    return element('th', {scope: 'col', class: cellClass(column)}, button);
  }

  draw() {
    const {column, down} = this.sort;
    this.heads.forEach((head, at) => {
      if (at === column)
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else
        head.removeAttribute('aria-sort');
    });
    const wanted = this.filter.value.trim().toLowerCase();
    const value = this.columns[column].value;
    const found = this.rows.map((row, at) => ({row, at})).filter((each) => this.words[each.at].includes(wanted));
    found.sort((a, b) => {
      const [left, right] = [value(a.row), value(b.row)];
      if (left === null || right === null) return compare(left, right);  // Unknown is last in either direction.
      return (down ? compare(right, left) : compare(left, right)) || a.at - b.at;
    });
    const some = this.all ? found : found.slice(0, rowsAtFirst);
    this.body.replaceChildren(...some.map(
        ({row}) =>
            element('tr', {}, this.columns.map((each) => element('td', {class: cellClass(each)}, each.cell(row))))));
    this.count.textContent = `${count(some.length)} of ${count(found.length)} rows` +
        (wanted ? ` that have “${this.filter.value.trim()}”` : '');
    this.more.hidden = found.length <= rowsAtFirst;
    this.more.textContent = this.all ? `Show the first ${rowsAtFirst}` : `Show all ${count(found.length)}`;
  }
}

// A column that is in the table under this name.
function plain(table, name, label, minor = false) {
  const info = table.info(name);
  return {
    label,
    minor,
    help: info.help + (info.unit ? ` Unit: ${info.unit}.` : ''),
    text: info.type === 'text',
    cell: (row) => shown(table, row, name),
    value: (row) => table.cell(row, name),
  };
}
