// One sentence: its moves, stack, buffer, tree, Tracker, and what is known of a chosen node.

/** A word or phrase on the stack or in the buffer. */
function chip(text, kind, unknown) {
  return make("span", { class: `item ${kind}${unknown ? " unknown" : ""}`, dir: "auto", title: text }, shorten(text, 48));
}

/** Stack or buffer; named, as a browser makes what can be scrolled a tab stop. */
function lane(name, side) {
  const items = make("div", { class: `items ${name}`, role: "group", "aria-label": `${name === "stack" ? "Stack" : "Buffer"} of the ${side.name}` });
  const size = make("span", { class: "size" });
  const box = make("div", { class: "lane" }, make("p", { class: "caption" }, name === "stack" ? "Stack" : "Buffer", " ", size), items);
  return { box, items, size };
}

/** How the move that comes was chosen: SHIFT against REDUCE. */
function chanceBar() {
  const bar = make("span", { class: "bar" });
  const left = make("span", { class: "shift" });
  const right = make("span", { class: "reduce" });
  const box = make("div", { class: "chance" }, left, make("span", { class: "rail" }, bar), right);
  function show(side, step) {
    box.classList.toggle("empty", !side.chances || step >= side.moves.length);
    if (!side.chances || step >= side.moves.length) return;
    const chance = side.chances[step];
    const reduce = side.moves[step] === SHIFT ? 1 - chance : chance;
    left.textContent = `SHIFT ${percent(1 - reduce)}`;
    right.textContent = `REDUCE ${percent(reduce)}`;
    bar.style.setProperty("transform", `scaleX(${1 - reduce})`);
    box.classList.toggle("against", chance < 0.5);
  }
  return { box, show };
}

/** What the last move did, in words. */
function deed(side, step) {
  if (!step) return `${side.words.length} word${side.words.length > 1 ? "s" : ""} in the buffer`;
  const node = side.nodes[step - 1];
  if (!node.children.length) return `SHIFT “${words(side, step - 1)}”`;
  return `REDUCE “${words(side, node.children[0])}” + “${words(side, node.children[1])}”`;
}

/** What comes next, in words. */
function coming(side, step) {
  if (step === side.moves.length) return "one tree on the stack: done";
  return `next ${moveName(side.moves[step])}`;
}

/** The cosines of a node of `index` to the nodes of the other sentence. */
function cosines(index, node) {
  return index ? TRACE.cosine.map((row) => row[node]) : TRACE.cosine[node];
}

function details(side, index) {
  const title = make("p", { class: "phrase", dir: "auto" });
  const bars = labelBars();
  const near = make("ol", { class: "near" });
  const hint = make("p", { class: "hint" }, "Each node, as it is made: its label, and what is near it in the other sentence. Click a node, or go there by Tab, then ↑ ↓ or Shift+← →, to keep it here and to colour the other tree by cosine.");
  const body = make("div", { class: "found" },
    make("div", {}, title, make("p", { class: "caption" }, `If this were the whole ${side.name}`), bars.list),
    make("div", {}, make("p", { class: "caption" }, `Nearest in the ${TRACE.sides[1 - index].name}`), near));
  const box = make("section", { class: "details", "aria-label": `Chosen node of the ${side.name}` }, hint, body);
  function show(node) {
    box.classList.toggle("known", node !== null);
    if (node === null) return;
    title.textContent = `“${words(side, node)}”`;
    bars.set(side.nodes[node].probabilities);
    const values = cosines(index, node);
    const order = values.map((_, other) => other).sort((a, b) => values[b] - values[a]).slice(0, 4);
    near.replaceChildren(...order.map((other) => {
      const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.setProperty("background-color", diverging(values[other]));
      return make("li", {}, swatch, make("span", { class: "figure" }, signed(values[other])),
        make("span", { class: "name", dir: "auto" }, words(TRACE.sides[1 - index], other)));
    }));
  }
  show(null);
  return { box, show };
}

/** The panel of one sentence; `page` is told of choices and of steps wanted. */
function panel(index, page) {
  const side = TRACE.sides[index];
  const go = (step) => page.go(index, step);
  const tape = movesTape(side, go);
  const did = make("p", { class: "did", dir: "auto" });
  const next = make("p", {});
  const chance = chanceBar();
  const stack = lane("stack", side);
  const buffer = lane("buffer", side);
  const tree = growTree(side, index, { go, choose: (node) => page.choose(index, node) });
  const watched = tracker(side, go);
  const known = details(side, index);
  const title = make("h2", {}, side.name === "premise" ? "Premise" : "Hypothesis");
  const source = make("span", { class: "chip" }, `tree: ${side.source}`);
  const element = make("article", { class: "card panel", "aria-label": side.name },
    make("header", {}, title, source, make("span", { class: "progress" })), 
    make("div", { class: "times" }, tape.tape, ...(watched ? [watched.past] : [])), ...(watched ? [watched.present] : []),
    make("div", { class: "move" }, did, make("div", { class: "coming" }, next, chance.box)),
    make("div", { class: "lanes" }, stack.box, buffer.box), tree.scroller, known.box);
  const progress = element.querySelector(".progress");
  chance.box.hidden = !side.chances;

  function show(step) {
    const nodes = stackAfter(side, step);
    const from = shifted(side, step);
    stack.items.replaceChildren(...nodes.map((node) => {
      const { children, span } = side.nodes[node];
      return chip(words(side, node), node === step - 1 ? "fresh" : "", !children.length && side.unknown[span[0]]);
    }));
    buffer.items.replaceChildren(...side.words.slice(from).map((word, at) => chip(word, at ? "" : "first", side.unknown[from + at])));
    stack.size.textContent = nodes.length;
    buffer.size.textContent = side.words.length - from;
    did.textContent = did.title = deed(side, step);
    next.textContent = coming(side, step);
    progress.textContent = `${step} / ${side.moves.length}`;
    element.classList.toggle("done", step === side.moves.length);
    chance.show(side, step);
    tape.show(step);
    tree.show(step);
    watched?.show(step);
  }

  function follow() {
    stack.items.scrollLeft = stack.items.scrollWidth;
    tree.follow();
  }

  /** Tell of a node: the chosen one, or else the newest. */
  function tell(node, step) {
    known.show(node ?? (step ? step - 1 : null));
    element.classList.toggle("holds", node !== null);
  }
  const repaint = () => watched?.paint();
  return { element, show, follow, tell, repaint, tree };
}
