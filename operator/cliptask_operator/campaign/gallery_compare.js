  // ---- two side by side --------------------------------------------------------------------------------------------------

  const sides = () => [...byId("pair").children]; // left and right
  const filmOf = (side) => side.querySelector("video");
  const pace = inStep(sides().map(filmOf), profile.fps, () => drawCompare());
  let compared = null; // the variants of the sides

  function openCompare(two) {
    stopTile();
    compared = [...two];
    compared.forEach((_, place) => loadSide(place));
    if (!byId("compare").open) byId("compare").showModal();
    pace.hear(0);
    restart();
  }

  function restart() {
    byId("pair").classList.toggle("wide", compared.every((variant) => isWide(pictureOf(variant))));
    byId("differences").replaceChildren(...differences());
    byId("same").textContent = same();
    for (const button of byId("pair").querySelectorAll("button")) button.hidden = others(0).length < 2;
    pace.pause();
    pace.seek(0);
    pace.play();
    writeLink();
  }

  function loadSide(place) {
    const [side, variant] = [sides()[place], compared[place]];
    const film = filmOf(side);
    entitle(side.querySelector("h3"), variant);
    film.replaceChildren(...captions(variant));
    film.src = url(variant.file);
  }

  // Those of the selection that may come to a side: not the one on the other side.
  const others = (place) => [...selected].filter((variant) => variant !== compared[1 - place]);

  function stepSide(place, by) {
    const some = others(place);
    compared[place] = some[(some.indexOf(compared[place]) + by + some.length) % some.length];
    loadSide(place);
    restart();
  }

  function swap() {
    byId("pair").append(sides()[0]);
    compared.reverse();
    pace.swap();
    byId("differences").replaceChildren(...differences());
    writeLink();
  }

  // What two videos may have in common: the name of it, and its value in each.
  const aspects = () => [
    ...there.map((group) => ({
      name: () => [mark(group), make("span", "", group.title)],
      of: group.of,
      says: (variant) => (group.id === "Line" && variant.text) || group.called(group.of(variant)) || "none",
    })),
    { name: () => ["Titles"], of: ({ titles }) => titles.join(" · "), says: ({ titles }) => titles.join(" · ") || "none" },
    { name: () => ["Length"], of: ({ frames }) => frames, says: ({ durationSeconds }) => clock(durationSeconds) },
  ];
  const differs = ({ of }) => of(compared[0]) !== of(compared[1]);

  function differences() {
    return aspects()
      .filter(differs)
      .map(({ name, says }) => {
        const row = make("tr");
        const head = make("th");
        head.scope = "row";
        head.append(...name());
        row.append(head, ...compared.map((variant) => make("td", "", says(variant))));
        return row;
      });
  }

  function same() {
    const some = aspects().filter((aspect) => !differs(aspect) && !["", "none"].includes(aspect.says(compared[0])));
    return some.length ? `The same in both: ${some.map(({ says }) => says(compared[0])).join(" · ")}` : "";
  }

  function drawCompare() {
    if (compared === null) return;
    const [at, length] = [pace.time(), pace.length()];
    byId("compare-play").querySelector("span").textContent = pace.plays() ? "Pause" : "Play";
    byId("compare-play").classList.toggle("plays", pace.plays());
    byId("compare-seek").max = length;
    if (pace.plays() || document.activeElement !== byId("compare-seek")) byId("compare-seek").value = at;
    byId("compare-seek").setAttribute("aria-valuetext", `${at.toFixed(2)} s`);
    const frames = Math.round(length * profile.fps);
    const frame = Math.min(Math.floor(at * profile.fps + 0.01) + 1, frames);
    byId("compare-clock").textContent = `${at.toFixed(2)} / ${length.toFixed(2)} s · frame ${frame} of ${frames}`;
    sides().forEach((side, place) => {
      const film = filmOf(side);
      const isLost = film.error !== null;
      side.querySelector(".broken").hidden = !isLost;
      side.querySelector(".broken").textContent = isLost ? lost(compared[place].file) : "";
      side.querySelector(".over").hidden = isLost || !pace.isOver(film) || film.duration > length - 1 / profile.fps;
      side.classList.toggle("heard", pace.heard() === place);
    });
    for (const input of document.querySelectorAll("[name=heard]")) input.checked = Number(input.value) === pace.heard();
  }

  byId("compare").addEventListener("close", () => {
    compared = null;
    pace.pause();
    for (const film of sides().map(filmOf)) {
      film.removeAttribute("src");
      film.load();
    }
    writeLink();
  });

  const COMPARE_KEYS = {
    " ": pace.toggle,
    ArrowLeft: () => pace.seek(pace.time() - 1),
    ArrowRight: () => pace.seek(pace.time() + 1),
    Home: () => pace.seek(0),
    ",": () => pace.step(-1),
    ".": () => pace.step(1),
    1: () => pace.hear(0),
    2: () => pace.hear(1),
    m: () => pace.hear(pace.heard() < 0 ? 0 : -1),
    s: swap,
  };
  byId("compare").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    if (target.matches("input") && key.length > 1) return; // its own keys
    if (key === " " && target.matches("button, [type=radio]")) return; // presses it
    const act = COMPARE_KEYS[key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const clicks = {
    "compare-open": () => openCompare([...selected].slice(0, 2)),
    "compare-close": () => byId("compare").close(),
    "compare-play": pace.toggle,
    "compare-back": () => pace.step(-1),
    "compare-on": () => pace.step(1),
    "compare-swap": swap,
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
  byId("compare-seek").addEventListener("input", () => pace.seek(Number(byId("compare-seek").value)));
  for (const input of document.querySelectorAll("[name=heard]"))
    input.addEventListener("change", () => pace.hear(Number(input.value)));
  for (const side of sides()) {
    filmOf(side).addEventListener("click", pace.toggle);
    side.querySelectorAll("button").forEach((button, by) => {
      button.addEventListener("click", () => stepSide(sides().indexOf(side), by ? 1 : -1));
    });
  }
