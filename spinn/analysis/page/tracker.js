// The transitions as a row of cells, and the Tracker's state: of one step as a strip, of all steps as a map.

/** One cell per transition; a click goes to the step after it. */
function transitionRow(sentence, go) {
  const cells = sentence.transitions.map((transition, number) => {
    const name = transitionName(transition);
    const probabilities = sentence.transition_probabilities;
    const probability = probabilities ? `, ${percent(probabilities[number])}` : "";
    const letter = sentence.transitions.length > 45 ? "" : name[0];
    const cell = make("span", { class: `cell ${name.toLowerCase()}`, title: `transition ${number + 1}: ${name}${probability}` }, letter);
    cell.addEventListener("click", () => go(number + 1));
    return cell;
  });
  const row = make("div", { class: "transitions", "aria-hidden": "true" }, ...cells);
  let current = 0;
  const show = (step) => {
    for (let number = Math.min(current, step); number < Math.max(current, step); number++) {
      cells[number].classList.toggle("made", number < step);
    }
    cells[current]?.classList.remove("next");
    cells[step]?.classList.add("next");
    current = step;
  };
  return { row, show };
}

/** The largest absolute value of all Tracker states: the colour scale of both sentences. */
const SCALE = Math.max(
  0.01, ...TRACE.sentences.flatMap(({ tracking }) => tracking ?? []).map((state) => Math.max(...state.map(Math.abs))),
);

/** One cell per unit of the Tracker; hovering, or Shift and the arrows, shows the value of one. */
function strip(units, role) {
  const cells = Array.from({ length: units }, () => make("span", {}));
  const readout = make("span", { class: "caption readout" });
  const row = make("div", { class: "strip", tabindex: "0", role: "group", "aria-label": `Tracker of the ${role}; Shift and the arrow keys show its units` }, ...cells, make("p", {}, "no further transition"));
  let state = null;
  let selected = null;

  function update() {
    cells.forEach((cell, unit) => cell.classList.toggle("selected", unit === selected));
    const hasValue = selected !== null && state !== null;
    readout.classList.toggle("value", hasValue);
    readout.textContent = hasValue ? `unit ${selected + 1}: ${formatSigned(state[selected])}` : "Tracker";
    row.setAttribute("aria-description", state ? (hasValue ? readout.textContent : "") : "no further transition");
  }
  function show(next) {
    state = next;
    row.classList.toggle("ended", !state);
    cells.forEach((cell, unit) => {
      cell.style.setProperty("background-color", state ? diverging(state[unit] / SCALE) : "");
      cell.title = state ? `unit ${unit + 1}: ${formatSigned(state[unit])}` : "";
    });
    update();
  }
  row.addEventListener("pointermove", (event) => {
    const unit = cells.indexOf(event.target);
    if (unit >= 0) { selected = unit; update(); }
  });
  row.addEventListener("keydown", (event) => {
    if (!shiftArrow(event)) return;
    event.stopPropagation();
    event.preventDefault();
    selected = between((selected ?? -1) + shiftArrow(event), 0, units - 1);
    update();
  });
  return { row, readout, show };
}

/** All states side by side, one column per transition, below the row of transitions. */
function history(sentence, go) {
  const states = sentence.tracking;
  const canvas = make("canvas", { width: states.length, height: states[0].length, role: "img",
    "aria-label": `The Tracker's ${states[0].length} units before each of ${states.length} transitions` });
  const cursor = make("span", { class: "cursor" });
  const box = make("div", { class: "history" }, canvas, cursor);

  function paint() {
    const context = canvas.getContext("2d");
    states.forEach((state, column) => state.forEach((value, unit) => {
      context.fillStyle = diverging(value / SCALE);
      context.fillRect(column, unit, 1, 1);
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

/** The strip and the map of the Tracker of one sentence; null where the model has none. */
function tracker(sentence, go) {
  if (!sentence.tracking) return null;
  const current = strip(sentence.tracking[0].length, sentence.role);
  const all = history(sentence, go);
  let step = 0;
  const show = (next) => {
    step = next;
    current.show(sentence.tracking[step] ?? null);
    all.show(step);
  };
  return {
    map: all.box,
    strip: make("div", { class: "tracker" }, current.readout, current.row),
    show,
    paint: () => { all.paint(); show(step); },
  };
}
