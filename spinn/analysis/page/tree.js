// The growing tree of one sentence, as SVG. Nodes bear the number of the move that makes them.

const SPACE = 16; // pixels between two words
const UPRIGHT = 24; // pixels a word takes that stands on its end
const LONGEST_WORD = 16; // letters; the whole word is in the node's title

const ruler = document.createElement("canvas").getContext("2d");

function widthOf(text) {
  ruler.font = "13px system-ui, sans-serif";
  return ruler.measureText(text).width;
}

/** Columns of words and heights of nodes: what does not depend on the window. */
function shape(side) {
  const heights = [];
  for (const node of side.nodes) {
    heights.push(node.children.length ? 1 + Math.max(...node.children.map((child) => heights[child])) : 0);
  }
  return { heights, tallest: Math.max(...heights) };
}

/** Where each word stands, and whether words stand on their ends to save room. */
function columns(texts, room) {
  const lying = texts.map((text) => Math.max(widthOf(text), 24) + SPACE);
  const upright = lying.reduce((sum, width) => sum + width, 0) > room;
  const widths = upright ? texts.map(() => UPRIGHT) : lying;
  const total = widths.reduce((sum, width) => sum + width, 0);
  let x = 0;
  const centres = widths.map((width) => { x += width; return x - width / 2; });
  return { centres, upright, total };
}

/** How high above the words each level is: the deeper the tree the flatter, but nobody touches child or grandchild. */
function levels(side, heights, xs, tallest, radius) {
  const usual = between(240 / Math.max(tallest, 1), 8, 38);
  const least = Array(tallest + 1).fill(0); // of each level
  const order = [...heights.keys()].sort((a, b) => heights[a] - heights[b]);
  let above = 0; // how far `least` is settled
  for (const node of order) {
    const level = heights[node];
    for (; above < level; above++) least[above + 1] = Math.max(least[above + 1], least[above] + usual);
    const { children } = side.nodes[node];
    for (const low of [...children, ...children.flatMap((child) => side.nodes[child].children)]) {
      const apart = (2 * radius + 4) ** 2 - (xs[node] - xs[low]) ** 2;
      if (apart > 0) least[level] = Math.max(least[level], least[heights[low]] + Math.sqrt(apart));
    }
  }
  return least;
}

function layOut(side, room) {
  const { heights, tallest } = shape(side);
  const texts = side.words.map((word) => shorten(word, LONGEST_WORD));
  const { centres, upright, total } = columns(texts, room);
  const radius = side.words.length > 24 ? 9 : 11;
  const xs = [];
  for (const node of side.nodes) {
    const [left, right] = node.children;
    xs.push(node.children.length ? (xs[left] + xs[right]) / 2 : centres[node.span[0]]);
  }
  const above = levels(side, heights, xs, tallest, radius);
  const base = above[tallest] + radius + 8;
  const longest = Math.max(...texts.map(widthOf));
  const below = upright ? longest + radius + 14 : radius + 28;
  const width = Math.max(total, 48);
  const shift = (width - total) / 2;
  return {
    radius, upright, texts, width, height: base + below,
    points: xs.map((x, node) => [x + shift, base - above[heights[node]]]),
  };
}

/** Sideways and then down: drawn so, no two edges of a tree cross. */
function elbow([x, y], [toX, toY]) {
  const round = Math.min(10, Math.abs(toX - x), toY - y);
  const side = Math.sign(toX - x);
  return `M${x} ${y}H${toX - side * round}Q${toX} ${y} ${toX} ${y + round}V${toY}`;
}

function makeNode(side, number, index) {
  const node = side.nodes[number];
  const label = best(node.probabilities);
  const said = `${words(side, number)}: ${TRACE.labels[label]} ${percent(node.probabilities[label])}`;
  const circle = draw("circle", {});
  const mark = draw("text", { class: "sign", dy: "0.36em" }, TRACE.marks[label]);
  const edges = node.children.map(() => draw("path", { class: "edge" }));
  const group = draw("g", {
    class: `node ${labelClass(label)}`, id: `node-${index}-${number}`, role: "option",
    "aria-label": said, "aria-selected": "false", tabindex: "-1",
  }, draw("title", {}, said), circle, mark);
  if (!node.children.length) {
    const place = node.span[0];
    const word = draw("text", { class: side.unknown[place] ? "word unknown" : "word" });
    group.append(word);
  }
  return { group, circle, mark, edges };
}

/** The tree of `side`; `choose(node)` is told which node is chosen, `go(step)` where a click leads. */
function growTree(side, index, { choose, go }) {
  const nodes = side.nodes.map((_, number) => makeNode(side, number, index));
  const svg = draw("svg", { class: "tree", role: "listbox", "aria-label": `Nodes of the ${side.name}` },
    draw("g", {}, ...nodes.flatMap(({ edges }) => edges)),
    draw("g", {}, ...nodes.map(({ group }) => group)));
  const scroller = make("div", { class: "scroller" }, svg);
  let points = [];
  let hidden = 0; // how much wider the tree is than its window
  let step = 0;
  let chosen = null;
  let reachable = null;

  function place() {
    const room = scroller.clientWidth - 8;
    const plan = layOut(side, room);
    points = plan.points;
    hidden = plan.width - room;
    fill(svg, { width: plan.width, height: plan.height, viewBox: `0 0 ${plan.width} ${plan.height}` }, []);
    nodes.forEach(({ group, circle, edges }, number) => {
      const { children, span } = side.nodes[number];
      group.setAttribute("transform", `translate(${points[number].join(" ")})`);
      circle.setAttribute("r", plan.radius);
      edges.forEach((edge, at) => edge.setAttribute("d", elbow(points[number], points[children[at]])));
      const word = group.querySelector(".word");
      if (!word) return;
      word.textContent = plan.texts[span[0]];
      if (plan.upright) fill(word, { transform: "rotate(-90)", x: -plan.radius - 7, y: 0, dy: "0.35em", "text-anchor": "end" }, []);
      else fill(word, { transform: "rotate(0)", x: 0, y: plan.radius + 17, dy: "0", "text-anchor": "middle" }, []);
    });
  }

  /** Scroll to the newest node; asks for the layout, so it comes after all else of a step. */
  function follow() {
    if (hidden <= 0) return;
    const [x] = points[step - 1] ?? [0];
    const { scrollLeft, clientWidth } = scroller;
    if (x < scrollLeft + 40 || x > scrollLeft + clientWidth - 40) scroller.scrollLeft = x - clientWidth / 2;
  }

  function show(next) {
    const [low, high] = [Math.min(step, next), Math.max(step, next)];
    for (let number = low; number < high; number++) {
      const built = number < next;
      nodes[number].group.classList.toggle("built", built);
      nodes[number].edges.forEach((edge) => edge.classList.toggle("built", built));
    }
    nodes[step - 1]?.group.classList.remove("fresh");
    step = next;
    nodes[step - 1]?.group.classList.add("fresh");
    makeReachable();
  }

  /** Tab leads to one node: the chosen one, or else the newest. */
  function makeReachable() {
    reachable?.setAttribute("tabindex", "-1");
    reachable = nodes[chosen ?? step - 1]?.group;
    reachable?.setAttribute("tabindex", "0");
  }

  function select(number) {
    nodes[chosen]?.group.setAttribute("aria-selected", "false");
    chosen = number;
    nodes[chosen]?.group.setAttribute("aria-selected", "true");
    makeReachable();
  }

  /** Colour nodes by a value from -1 to 1 each, or by their labels again. */
  function tint(values) {
    svg.classList.toggle("tinted", values !== null);
    const nearest = values && best(values);
    nodes.forEach(({ group, circle, mark }, number) => {
      group.classList.toggle("nearest", number === nearest);
      const colour = values ? diverging(values[number]) : "";
      circle.style.setProperty("fill", colour);
      mark.style.setProperty("fill", values ? inkOn(colour) : "");
    });
  }

  const numberOf = (target) => nodes.findIndex(({ group }) => group.contains(target));
  svg.addEventListener("click", (event) => {
    const number = numberOf(event.target);
    if (number < 0) return choose(null);
    if (number >= step) return go(number + 1);
    nodes[number].group.focus({ preventScroll: true });
    return choose(number);
  });
  // Not on the svg: a browser makes one that hears of the focus a tab stop.
  scroller.addEventListener("focusin", (event) => {
    const number = numberOf(event.target);
    if (number >= 0 && number < step && number !== chosen) choose(number);
  });
  svg.addEventListener("keydown", (event) => {
    const here = numberOf(event.target);
    if (here < 0) return;
    const parent = side.nodes.findIndex(({ children }) => children.includes(here));
    const wanted = { ArrowUp: parent, ArrowDown: side.nodes[here].children[0] ?? -1 }[event.key]
      ?? (arrowsWithin(event) ? here + arrowsWithin(event) : null);
    if (wanted === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (wanted >= 0 && wanted < step) nodes[wanted].group.focus();
  });

  return { scroller, place, show, follow, select, tint };
}
