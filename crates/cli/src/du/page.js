
"use strict";
// Names come from the server: they are only ever set as text.
const data = JSON.parse(document.getElementById("data").textContent);
const VIEWS = [["folder", "Folders", "everything"], ["type", "Types", "all types"], ["run", "Runs", "all runs"]]
  .filter(([key]) => data[key]);
const HUES = [210, 32, 150, 350, 265, 55, 185, 310, 90, 10];
const MOST_TILES = 250, MOST_INNER = 150, LEAST_AREA = 400, GAP = 1, ROWS = 100;
const find = (id) => document.getElementById(id);
const map = find("map"), tip = find("tip");

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function human(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; unit += 1; }
  return (unit === 0 ? bytes : bytes.toFixed(2)) + " " + units[unit];
}

function percent(part, whole) {
  const share = whole > 0 ? 100 * part / whole : 0;
  return (share > 0 && share < 0.1 ? "under 0.1" : share.toFixed(1)) + "%";
}

const isFolder = (node) => node.c !== undefined;
const filesOf = (node) => node.f ?? 1;
const counted = (count) => count.toLocaleString("en") + (count === 1 ? " file" : " files");
// Types and runs are no folders, and what they hold is.
const label = (node) => node.n + (isFolder(node) && !(view !== "folder" && tops.has(node)) ? "/" : "");

// Files that are told of together.
function rest(bytes, files) {
  return { n: files.toLocaleString("en") + (files === 1 ? " more file" : " more files"), b: bytes, f: files, rest: true };
}

// What a folder holds, the largest first, and what the page does not have of it as one.
function childrenOf(node) {
  const children = node.c.slice();
  const sum = (of) => children.reduce((total, child) => total + of(child), 0);
  const bytes = node.b - sum((child) => child.b), files = node.f - sum(filesOf);
  if (files > 0) children.push(rest(bytes, files));
  return children.sort((a, b) => b.b - a.b);
}

// Places rectangles of the areas of `items`, the largest first, as near to squares as may be: rows along the shorter side, each
// as long as it makes the worst of its rectangles better (Bruls, Huizing, van Wijk: Squarified Treemaps).
function squarify(items, x, y, width, height) {
  const places = [];
  let left = items.reduce((sum, item) => sum + item.b, 0);
  let begin = 0;
  while (begin < items.length && left > 0 && width > 0 && height > 0) {
    const side = Math.min(width, height), scale = width * height / left;
    let sum = 0, worst = Infinity, end = begin;
    while (end < items.length) {
      const next = sum + items[end].b;
      const long = next * scale / side;
      const ratio = Math.max(items[begin].b * scale / long / long, long * long / (items[end].b * scale));
      if (ratio > worst) break;
      worst = ratio; sum = next; end += 1;
    }
    const depth = sum * scale / side;
    let at = 0;
    for (; begin < end; begin += 1) {
      const length = items[begin].b / sum * side;
      places.push(width < height
        ? { item: items[begin], x: x + at, y, w: length, h: depth }
        : { item: items[begin], x, y: y + at, w: depth, h: length });
      at += length;
    }
    if (width < height) { y += depth; height -= depth; } else { x += depth; width -= depth; }
    left -= sum;
  }
  return places;
}

// No more than `most`, the others as one.
function fewer(children, most) {
  const some = children.filter((child) => child.b > 0);
  if (some.length <= most) return some;
  const others = some.filter((child, index) => child.rest || index >= most - 1);
  const sum = (of) => others.reduce((total, child) => total + of(child), 0);
  const shown = some.filter((child) => !others.includes(child));
  shown.push(rest(sum((child) => child.b), sum(filesOf)));
  return shown.sort((a, b) => b.b - a.b);
}

function place(element, { x, y, w, h }) {
  element.style.left = x + "px";
  element.style.top = y + "px";
  element.style.width = Math.max(0, w - GAP) + "px";
  element.style.height = Math.max(0, h - GAP) + "px";
}

let view = "folder", trail = [], tops = new Set(), shownRows = ROWS;

// The address says what is looked at, so that the browser's Back goes out again: #folder/3/0.
function read() {
  const [key, ...steps] = location.hash.slice(1).split("/");
  view = data[key] && VIEWS.some(([known]) => known === key) ? key : "folder";
  trail = [data[view]];
  tops = new Set(data[view].c);
  for (const step of steps) {
    const next = trail[trail.length - 1].c[Number(step)];
    if (!next || !isFolder(next)) break;
    trail.push(next);
  }
}

function address(nodes) {
  const steps = nodes.slice(1).map((node, level) => nodes[level].c.indexOf(node));
  return "#" + [view, ...steps].join("/");
}

const enter = (nodes) => { focusMap = true; location.hash = address(nodes); };
const out = () => { if (trail.length > 1) enter(trail.slice(0, -1)); };
let focusMap = false;

function render() {
  const node = trail[trail.length - 1];
  tip.hidden = true;
  for (const button of find("views").children) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
  const crumbs = trail.map((step, level) => {
    const name = level === 0 ? VIEWS.find(([key]) => key === view)[2] : step.n;
    const item = make("li");
    if (level === trail.length - 1) {
      const here = make("span", "", name);
      here.setAttribute("aria-current", "location");
      item.append(here);
    } else {
      const button = make("button", "", name);
      button.type = "button";
      button.onclick = () => enter(trail.slice(0, level + 1));
      item.append(button);
    }
    return item;
  });
  find("crumbs").replaceChildren(...crumbs);
  const ofAll = trail.length > 1 ? ", " + percent(node.b, trail[0].b) + " of everything" : "";
  const inRuns = trail.length === 1 && data.runs !== 1 ? " of " + data.runs.toLocaleString("en") + " runs" : "";
  find("where").textContent = human(node.b) + " in " + counted(node.f) + inRuns + ofAll;
  draw(node);
  shownRows = ROWS;
  list(node);
  if (focusMap) { focusMap = false; (map.querySelector(".tile") ?? map).focus({ preventScroll: true }); }
}

function describe(node, parent) {
  const run = node.r ? ", in run " + node.r : "";
  const files = isFolder(node) || node.rest ? ", " + counted(filesOf(node)) : "";
  return label(node) + run + ": " + human(node.b) + files + ", " + percent(node.b, parent.b) + " of this folder";
}

function draw(node) {
  const { clientWidth: width, clientHeight: height } = map;
  const places = squarify(fewer(childrenOf(node), MOST_TILES), 0, 0, width + GAP, height + GAP);
  if (places.length === 0) {
    map.replaceChildren(make("p", "", "Nothing here takes space."));
    return;
  }
  const tiles = places.map((where, index) => {
    const child = where.item, folder = isFolder(child);
    const tile = make(folder ? "button" : "div", "tile" + (folder ? " folder" : "") + (child.rest ? " rest" : ""));
    place(tile, where);
    tile.style.setProperty("--hue", HUES[index % HUES.length]);
    tile.tabIndex = index === 0 ? 0 : -1;
    tile.setAttribute("aria-label", describe(child, node));
    tile.of = child;
    if (folder) {
      tile.type = "button";
      tile.onclick = () => enter([...trail, child]);
    } else {
      tile.setAttribute("role", "img");
    }
    if (where.w > 34 && where.h > 17) tile.append(make("span", "name", label(child)));
    const nested = folder && where.w > 70 && where.h > 56 && fill(tile, child, where);
    if (!nested && where.w > 60 && where.h > 38) tile.append(make("span", "size", human(child.b)));
    return tile;
  });
  map.replaceChildren(...tiles);
}

// The next level, to look at only.
function fill(tile, node, { w, h }) {
  const top = 22, side = 3;
  const most = Math.max(4, Math.min(MOST_INNER, Math.floor(w * h / LEAST_AREA)));
  const places = squarify(fewer(childrenOf(node), most), side, top, w - 2 * side, h - top - side);
  for (const where of places) {
    if (where.w < 3 || where.h < 3) continue;
    const inner = make("span", "inner", where.w > 34 && where.h > 15 ? label(where.item) : "");
    inner.setAttribute("aria-hidden", "true");
    inner.of = where.item;
    place(inner, where);
    tile.append(inner);
  }
  return places.length > 0;
}

function list(node) {
  const children = childrenOf(node);
  const rows = children.slice(0, shownRows).map((child) => {
    const row = make("tr"), name = make("td");
    if (isFolder(child)) {
      const button = make("button", "", label(child));
      button.type = "button";
      button.onclick = () => enter([...trail, child]);
      name.append(button);
    } else {
      name.append(make("span", "", label(child)));
      if (child.r) name.append(make("span", "run", "  " + child.r));
    }
    const number = (text) => make("td", "number", text);
    row.append(name, number(human(child.b)), number(percent(child.b, node.b)));
    row.append(number(filesOf(child).toLocaleString("en")));
    return row;
  });
  find("rows").replaceChildren(...rows);
  find("more").hidden = children.length <= shownRows;
}

function tell(element, x, y) {
  const node = element?.of;
  if (!node) { tip.hidden = true; return; }
  const here = trail[trail.length - 1], total = trail[0];
  const lines = [human(node.b) + (isFolder(node) || node.rest ? " in " + counted(filesOf(node)) : "")];
  if (node.r) lines.push("run " + node.r);
  lines.push(percent(node.b, total.b) + " of everything");
  if (here !== total) lines.push(percent(node.b, here.b) + " of " + here.n);
  tip.replaceChildren(make("b", "", label(node)), ...lines.map((line) => make("div", "", line)));
  tip.hidden = false;
  const { offsetWidth: w, offsetHeight: h } = tip;
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - w - 4)) + "px";
  tip.style.top = Math.max(4, y + 18 + h > innerHeight ? y - h - 10 : y + 18) + "px";
}

// The nearest tile in a direction.
function neighbour(from, dx, dy) {
  const middle = (tile) => {
    const { left, top, width, height } = tile.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const [x, y] = middle(from);
  let best = null, least = Infinity;
  for (const tile of map.querySelectorAll(".tile")) {
    const [a, b] = middle(tile);
    const along = (a - x) * dx + (b - y) * dy, aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
    if (tile !== from && along > 0.5 && along + 2 * aside < least) { best = tile; least = along + 2 * aside; }
  }
  return best;
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
map.addEventListener("keydown", (event) => {
  const tile = event.target.closest(".tile");
  if (event.key === "Backspace" || event.key === "Escape") {
    event.preventDefault();
    out();
  } else if (tile && ARROWS[event.key]) {
    event.preventDefault();
    const next = neighbour(tile, ...ARROWS[event.key]);
    if (next) { tile.tabIndex = -1; next.tabIndex = 0; next.focus(); }
  }
});
map.addEventListener("focusin", (event) => {
  if (!event.target.of || !event.target.matches(":focus-visible")) return;
  const { left, top, height } = event.target.getBoundingClientRect();
  tell(event.target, left, top + Math.min(height, 40));
});
map.addEventListener("focusout", () => { tip.hidden = true; });
map.addEventListener("mousemove", (event) => tell(event.target.closest(".inner, .tile"), event.clientX, event.clientY));
map.addEventListener("mouseleave", () => { tip.hidden = true; });
find("more").onclick = () => { shownRows += 5 * ROWS; list(trail[trail.length - 1]); };

for (const [key, name] of VIEWS) {
  const button = make("button", "", name);
  button.type = "button";
  button.dataset.view = key;
  button.onclick = () => { location.hash = "#" + key; };
  find("views").append(button);
}
find("title").textContent = data.title;
addEventListener("hashchange", () => { read(); render(); });
read();
render();
let drawn = map.clientWidth + "x" + map.clientHeight;
new ResizeObserver(() => {
  const now = map.clientWidth + "x" + map.clientHeight;
  if (now !== drawn) { drawn = now; draw(trail[trail.length - 1]); }
}).observe(map);
