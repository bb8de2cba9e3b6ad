  // ---- the address tells what is shown ------------------------------------------------------------------------------

  function writeLink() {
    const link = new URLSearchParams();
    for (const group of groups) for (const value of group.chosen) link.append(group.id, value);
    if (words.length) link.append("Search", byId("search").value.trim());
    if (playing !== null) link.append("Play", playing.name);
    for (const { name } of compared ?? []) link.append("Compare", name);
    if (location.hash.slice(1) !== link.toString()) history.replaceState(null, "", `#${link}`);
  }

  function readLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    for (const group of groups)
      group.chosen = new Set(link.getAll(group.id).filter((value) => group.values.includes(value)));
    byId("search").value = link.get("Search") ?? "";
    words = wordsOf(byId("search").value);
    const wanted = byName.get(link.get("Play"));
    const two = link.getAll("Compare").map((name) => byName.get(name)).filter(Boolean);
    if (wanted === undefined && player.open) player.close();
    if (two.length !== 2 && byId("compare").open) byId("compare").close();
    update();
    if (wanted !== undefined) open(wanted);
    else if (two.length === 2) openCompare(two);
  }

  // ---- beginning ----------------------------------------------------------------------------------------------------

  function buildSkipped() {
    const { skipped } = campaign;
    const most = 200;
    byId("skipped").hidden = skipped.length === 0;
    byId("skipped").querySelector("summary").textContent =
      plural(skipped.length, "combination") + (skipped.length === 1 ? " was" : " were") + " not made";
    for (const { clips, track, line, others, form, message } of skipped.slice(0, most)) {
      const item = make("li");
      const labels = [...clips.map(({ clip }) => clip), track, line, ...Object.values(others), form].filter((label) => label !== null);
      item.append(make("b", "", labels.join(" + ")), make("span", "", message));
      byId("skipped").querySelector("ul").append(item);
    }
    if (skipped.length > most)
      byId("skipped").querySelector("ul").append(make("li", "", `and ${skipped.length - most} more: see index.json`));
  }

  byId("search").addEventListener("input", () => {
    words = wordsOf(byId("search").value);
    update();
  });
  byId("search").addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    byId("grid").querySelector(".poster")?.focus();
  });
  byId("clear").addEventListener("click", clear);
  byId("reset").addEventListener("click", clear);
  addEventListener("hashchange", readLink);
  const narrow = matchMedia("(max-width: 820px)");
  const unfold = () => (byId("filters").open = !narrow.matches);
  narrow.addEventListener("change", unfold);

  unfold();
  buildFilters();
  buildSkipped();
  readLink();
