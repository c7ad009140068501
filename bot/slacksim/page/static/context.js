// What drawing needs to know of the workspace and of the person who reads: names, zone, time, and a few ways to act.

import { upload } from './api.js';

// Context is made anew with every answer of the server; look-ups go through maps.
export class Context {
  constructor(data, pane) {
    this.data = data;
    this.pane = pane;
    this.root = pane.root;
    this.me = data.me;
    this.zone = data.me.tz || 'UTC';
    this.fetched = performance.now();
    this.users = new Map(data.users.map((u) => [u.id, u]));
    this.rooms = new Map(data.rooms.map((c) => [c.id, c]));
    this.groups = new Map(data.groups.map((g) => [g.id, g]));
  }

  // now is the workspace's own time in Unix seconds.
  now() {
    return this.data.now + (performance.now() - this.fetched) / 1000;
  }

  user(id) {
    return this.users.get(id);
  }

  userName(id) {
    const u = this.users.get(id);
    return u && (u.real_name || u.name);
  }

  channelName(id) {
    const c = this.rooms.get(id);
    return c && !c.im ? c.name : undefined;
  }

  groupName(id) {
    return this.groups.get(id)?.handle;
  }

  // roomTitle is #name, or who the direct messages are with.
  roomTitle(id) {
    const c = this.rooms.get(id);
    if (!c) return id;
    return c.im ? (this.userName(c.with) ?? c.name) : `#${c.name}`;
  }

  people() {
    return this.data.users.filter((u) => !u.deleted && !u.is_bot);
  }

  channels() {
    return this.data.rooms
      .filter((c) => !c.archived)
      .map((c) => ({ ...c, is_im: c.im, is_mpim: c.mpim, is_private: c.private }));
  }

  openChannel(id) {
    this.pane.go(id);
  }

  upload(file) {
    return upload(this.me.id, file);
  }

  fileURL(file) {
    return file.url ?? this.data.files?.[file.id];
  }

  // toLocal and fromLocal translate between Unix seconds and a datetime-local field in the reader's zone.
  toLocal(ts) {
    const shifted = new Date((ts + offset(ts, this.zone)) * 1000);
    return shifted.toISOString().slice(0, 16);
  }

  fromLocal(text) {
    const wall = Date.parse(`${text}:00Z`) / 1000;
    // The zone's offset depends on the instant, which depends on the offset: twice is enough except in the skipped hour.
    const first = wall - offset(wall, this.zone);
    return wall - offset(first, this.zone);
  }
}

// offset is the zone's distance from UTC at an instant, in seconds.
function offset(ts, zone) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(new Date(ts * 1000));
  const n = Object.fromEntries(parts.map((p) => [p.type, Number(p.value)]));
  return Date.UTC(n.year, n.month - 1, n.day, n.hour, n.minute, n.second) / 1000 - Math.floor(ts);
}
