// The moves in a row, and the Tracker's state: of this step as a strip, of all steps as a map.

/** One cell a move; a click goes to where the move has been made. */
function movesTape(side, go) {
  const cells = side.moves.map((move, number) => {
    const name = moveName(move);
    const chance = side.chances ? `, ${percent(side.chances[number])}` : "";
    const letter = side.moves.length > 45 ? "" : name[0];
    const cell = make("span", { class: `cell ${name.toLowerCase()}`, title: `move ${number + 1}: ${name}${chance}` }, letter);
    cell.addEventListener("click", () => go(number + 1));
    return cell;
  });
  const tape = make("div", { class: "tape", "aria-hidden": "true" }, ...cells);
  let was = 0;
  const show = (step) => {
    for (let number = Math.min(was, step); number < Math.max(was, step); number++) {
      cells[number].classList.toggle("made", number < step);
    }
    cells[was]?.classList.remove("next");
    cells[step]?.classList.add("next");
    was = step;
  };
  return { tape, show };
}

/** The greatest size of any entry of any Tracker state of the page: the scale of both sides. */
const SCALE = Math.max(
  0.01, ...TRACE.sides.flatMap(({ tracking }) => tracking ?? []).map((state) => Math.max(...state.map(Math.abs))),
);

/** A cell for each unit of the Tracker; one of them is read out, by hovering or by Shift and arrows. */
function strip(units, name) {
  const cells = Array.from({ length: units }, () => make("span", {}));
  const readout = make("span", { class: "caption readout" });
  const row = make("div", { class: "strip", tabindex: "0", role: "group", "aria-label": `Tracker of the ${name}; Shift and arrows read its units` }, ...cells, make("p", {}, "no further move"));
  let state = null;
  let read = null;

  function tell() {
    cells.forEach((cell, unit) => cell.classList.toggle("read", unit === read));
    const reading = read !== null && state !== null;
    readout.classList.toggle("reading", reading);
    readout.textContent = reading ? `unit ${read + 1}: ${signed(state[read])}` : "Tracker";
    row.setAttribute("aria-description", state ? (reading ? readout.textContent : "") : "no further move");
  }
  function show(next) {
    state = next;
    row.classList.toggle("ended", !state);
    cells.forEach((cell, unit) => {
      cell.style.setProperty("background-color", state ? diverging(state[unit] / SCALE) : "");
      cell.title = state ? `unit ${unit + 1}: ${signed(state[unit])}` : "";
    });
    tell();
  }
  row.addEventListener("pointermove", (event) => {
    const unit = cells.indexOf(event.target);
    if (unit >= 0) { read = unit; tell(); }
  });
  row.addEventListener("keydown", (event) => {
    if (!arrowsWithin(event)) return;
    event.stopPropagation();
    event.preventDefault();
    read = between((read ?? -1) + arrowsWithin(event), 0, units - 1);
    tell();
  });
  return { row, readout, show };
}

/** All states side by side, a column a move, under the tape. */
function history(side, go) {
  const states = side.tracking;
  const canvas = make("canvas", { width: states.length, height: states[0].length, role: "img",
    "aria-label": `The Tracker's ${states[0].length} units before each of ${states.length} moves` });
  const cursor = make("span", { class: "cursor" });
  const box = make("div", { class: "history" }, canvas, cursor);

  function paint() {
    const context = canvas.getContext("2d");
    states.forEach((state, move) => state.forEach((value, unit) => {
      context.fillStyle = diverging(value / SCALE);
      context.fillRect(move, unit, 1, 1);
    }));
  }
  box.addEventListener("click", (event) => {
    const { left, width } = box.getBoundingClientRect();
    go(Math.floor(((event.clientX - left) / width) * states.length));
  });
  const show = (step) => {
    cursor.hidden = step >= states.length;
    cursor.style.setProperty("left", `${(100 * step) / states.length}%`);
    cursor.style.setProperty("width", `${100 / states.length}%`);
  };
  return { box, paint, show };
}

/** Everything of the Tracker of one sentence; null where the model has none. */
function tracker(side, go) {
  if (!side.tracking) return null;
  const now = strip(side.tracking[0].length, side.name);
  const all = history(side, go);
  let step = 0;
  const show = (next) => {
    step = next;
    now.show(side.tracking[step] ?? null);
    all.show(step);
  };
  return {
    past: all.box,
    present: make("div", { class: "tracker" }, now.readout, now.row),
    show,
    paint: () => { all.paint(); show(step); },
  };
}
