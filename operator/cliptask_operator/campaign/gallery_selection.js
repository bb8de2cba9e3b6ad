  // ---- which are selected ---------------------------------------------------------------------------------------------

  const SELECTED = `cliptask selected ${campaign.task} ${location.pathname}`;
  const byName = new Map(variants.map((variant) => [variant.name, variant]));
  const selected = new Set(kept(SELECTED).map((name) => byName.get(name)).filter(Boolean)); // the first picked first
  const variantOf = new WeakMap(); // by its tile
  let anchor = null; // where a range begins
  let alone = false; // whether nothing but the selected is shown

  // What a tile has besides what it shows.
  function tile(item, variant) {
    variantOf.set(item, variant);
    const box = item.querySelector(".pick");
    box.setAttribute("aria-label", `Select ${variant.name}`);
    box.checked = selected.has(variant);
    item.querySelector(".here").setAttribute("aria-label", `Play here: ${variant.name}`);
    return item;
  }

  function select(some, on) {
    for (const variant of some) {
      if (on) selected.add(variant);
      else selected.delete(variant);
    }
    keep(SELECTED, [...selected].map(({ name }) => name));
    for (const item of byId("grid").children) item.querySelector(".pick").checked = selected.has(variantOf.get(item));
    if (alone && selected.size === 0) showAlone(false);
    drawSelection();
  }

  // With `range`, all that is shown from the last one picked on.
  function pick(variant, on, range) {
    const ends = [anchor, variant].map((each) => shown.indexOf(each)).sort((one, other) => one - other);
    select(range && ends[0] >= 0 ? shown.slice(ends[0], ends[1] + 1) : [variant], on);
    anchor = variant;
  }

  function showAlone(on) {
    alone = on;
    byId("alone").setAttribute("aria-pressed", String(on));
    update();
  }

  function drawSelection() {
    const inSight = new Set(shown);
    const all = [...selected];
    const unseen = all.filter((variant) => !inSight.has(variant)).length;
    const sum = (of) => all.reduce((total, variant) => total + of(variant), 0);
    const facts = [clock(sum((variant) => variant.durationSeconds)), size(sum((variant) => variant.sizeBytes))];
    if (unseen) facts.push(`${unseen.toLocaleString("en")} not shown`);
    byId("selection").hidden = all.length === 0;
    byId("selected").replaceChildren(
      make("b", "", `${all.length.toLocaleString("en")} selected`),
      make("span", "", ` · ${facts.map((fact) => fact.replaceAll(" ", "\u00a0")).join(" · ")}`),
    );
    byId("compare-open").disabled = all.length < 2;
    byId("all").disabled = shown.every((variant) => selected.has(variant));
  }

  byId("grid").addEventListener("click", (event) => {
    if (!event.target.matches(".pick")) return;
    pick(variantOf.get(event.target.closest(".card")), event.target.checked, event.shiftKey);
  });
  byId("all").addEventListener("click", () => select(shown, true));
  byId("none").addEventListener("click", () => {
    select(variants, false);
    byId("all").focus(); // the bar has gone, and the keyboard with it
  });
  byId("alone").addEventListener("click", () => showAlone(!alone));
