// Slack's <!date^…> and every clock on the page, always in the zone of the person who reads.

const day = 86400;

// format fills the tokens of a Slack date: {date_num} {date} {date_short} {date_long}, each also _pretty, {time},
// {time_secs} and {ago}. ts and now are Unix seconds; zone is an IANA name.
export function format(pattern, ts, { zone, now }) {
  return pattern.replace(/\{(\w+)\}/g, (whole, token) => one(token, ts, { zone, now }) ?? whole);
}

function one(token, ts, reader) {
  const pretty = token.endsWith('_pretty') && near(ts, reader);
  if (pretty) return pretty;
  const options = styles[token.replace(/_pretty$/, '')];
  if (options === ago) return since(ts, reader.now);
  if (options === numeric) return iso(ts, reader.zone);
  return options && text(ts, reader.zone, options);
}

const ago = Symbol('ago');
const numeric = Symbol('numeric');

const styles = {
  date_num: numeric,
  date: { year: 'numeric', month: 'long', day: 'numeric' },
  date_short: { year: 'numeric', month: 'short', day: 'numeric' },
  date_long: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  time: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  time_secs: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  day_divider_pretty: { weekday: 'long', month: 'long', day: 'numeric' },
  ago,
};

const formats = new Map();

const order = ['weekday', 'day', 'month', 'year'];

// text puts the parts together itself: what browsers put between them changes from version to version.
function text(ts, zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }));
  const parts = new Map(
    formats
      .get(key)
      .formatToParts(new Date(ts * 1000))
      .map((p) => [p.type, p.value]),
  );
  if (options.hour)
    return ['hour', 'minute', 'second']
      .filter((p) => parts.has(p))
      .map((p) => parts.get(p))
      .join(':');
  return order
    .filter((p) => parts.has(p))
    .map((p) => parts.get(p))
    .join(' ');
}

// iso is the date as 2026-11-22.
export function iso(ts, zone) {
  const numbers = text(ts, zone, { year: 'numeric', month: '2-digit', day: '2-digit' });
  return numbers.split(' ').reverse().join('-');
}

// near says yesterday, today or tomorrow, where that is so.
function near(ts, { zone, now }) {
  const date = iso(ts, zone);
  for (const [word, shift] of [
    ['today', 0],
    ['yesterday', -day],
    ['tomorrow', day],
  ]) {
    if (date === iso(now + shift, zone)) return word;
  }
  return null;
}

function since(ts, now) {
  const gap = now - ts;
  const size = Math.abs(gap);
  const units = [
    ['day', day],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ];
  const [unit, length] = units.find(([, seconds]) => size >= seconds) ?? ['second', 1];
  const n = Math.floor(size / length);
  if (n === 0) return 'just now';
  const words = `${n} ${unit}${n === 1 ? '' : 's'}`;
  return gap >= 0 ? `${words} ago` : `in ${words}`;
}

// clock is 14:05, or 14:05:09.
export function clock(ts, zone, seconds = false) {
  return text(ts, zone, seconds ? styles.time_secs : styles.time);
}

// dayName heads a day in a channel: Today, Yesterday, or Sunday 22 November.
export function dayName(ts, reader) {
  const word = near(ts, reader);
  return word ? word[0].toUpperCase() + word.slice(1) : text(ts, reader.zone, styles.day_divider_pretty);
}

// full is for tooltips.
export function full(ts, zone) {
  return `${text(ts, zone, styles.date_long)} ${clock(ts, zone, true)} (${zone})`;
}
