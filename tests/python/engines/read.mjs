// What an engine sees in Arrow IPC: for each column its nulls, the sum of its numbers, and its distinct texts.
// node read.mjs arrow|polars FILE
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.ENGINES + "/");
const [, , engine, path] = process.argv;
const bytes = fs.readFileSync(path);
const out = { rows: 0, columns: {} };

function told(values, isText) {
  let nulls = 0;
  let sum = 0n;
  const texts = new Set();
  for (const value of values) {
    if (value === null || value === undefined) nulls += 1;
    else if (isText) texts.add(value);
    else if (typeof value === "bigint") sum += value;
    else sum += BigInt(Math.round(Number(value)));
  }
  return { nulls, sum: sum.toString(), texts: texts.size };
}

if (engine === "arrow") {
  const arrow = require("apache-arrow");
  const table = arrow.tableFromIPC(bytes);
  out.rows = table.numRows;
  for (const field of table.schema.fields) {
    const vector = table.getChild(field.name);
    if (arrow.DataType.isTimestamp(field.type)) {
      // Its own accessor gives milliseconds; the buffers have what was written.
      let sum = 0n;
      let nulls = 0;
      for (const data of vector.data) {
        for (let row = 0; row < data.length; row += 1) {
          if (!data.getValid(row)) nulls += 1;
          else sum += data.values[row];
        }
      }
      out.columns[field.name] = { nulls, sum: sum.toString(), texts: 0 };
    } else {
      const isText = arrow.DataType.isUtf8(field.type) || arrow.DataType.isDictionary(field.type);
      out.columns[field.name] = told(vector, isText);
    }
  }
} else {
  const pl = require("nodejs-polars");
  const read = path.endsWith(".arrows") ? pl.readIPCStream : pl.readIPC;
  const frame = read(bytes);
  out.rows = frame.height;
  for (const name of frame.columns) {
    const column = frame.getColumn(name);
    const type = column.dtype.toString();
    if (/Int64|Datetime/.test(type)) {
      // As text, since its numbers become doubles on their way to JavaScript.
      const digits = [...column.cast(pl.Int64).cast(pl.Utf8)];
      out.columns[name] = told(digits.map((text) => (text === null ? null : BigInt(text))), false);
    } else {
      out.columns[name] = told(column, /String|Utf8|Categorical/.test(type));
    }
  }
}
console.log(JSON.stringify(out));
