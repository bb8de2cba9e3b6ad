"use strict";
(() => {
  const campaign = JSON.parse(document.getElementById("campaign").textContent);
  const { blocks, profile, variants } = campaign;
  const byId = (id) => document.getElementById(id);
  const make = (tag, className = "", text = "") => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    element.dir = "auto"; // others' words, of any script
    return element;
  };

  // ---- what is there ------------------------------------------------------------------------------------------------

  // Names of blocks are lower-case, so those of the other filters begin with a capital.
  const groups = [
    ...blocks.map((block, place) => ({
      id: block,
      title: block,
      sign: String(place + 1),
      of: (variant) => variant.clips[place].clip,
    })),
    { id: "Track", title: "Music", sign: "♪", of: (variant) => variant.track ?? "" },
    { id: "Line", title: "Speech", sign: "“", of: (variant) => variant.line ?? "" },
  ];
  const COLOURS = 12; // of gallery.css; a group is known by its sign and its title as well
  for (const group of groups) {
    group.called = (value) => campaign.called[group.id]?.[value] ?? value;
    group.values = [...new Set(variants.map(group.of))];
    group.chosen = new Set();
    group.chips = new Map();
    group.exists = group.values.some((value) => value !== "");
  }
  const there = groups.filter((group) => group.exists);
  const texts = new Map(variants.map((variant) => [variant.line, variant.text]));
  const mark = (group) => {
    const element = make("span", "mark", group.sign);
    element.setAttribute("aria-hidden", "true");
    element.style.setProperty("--group", `var(--group-${there.indexOf(group) % COLOURS})`);
    return element;
  };
  const url = (file) => "./" + file.split("/").map(encodeURIComponent).join("/");
  const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  // Tenths matter: platforms refuse a video that is a little longer than their limit.
  const clock = (seconds) => {
    if (seconds < 60) return `${+seconds.toFixed(1)} s`;
    const minutes = Math.floor(seconds / 60);
    return minutes < 60 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  };
  const size = (bytes) => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
    return `${(bytes / 1000 ** power).toFixed(power > 1 ? 1 : 0)} ${units[power]}`;
  };

  byId("facts").textContent = [
    plural(campaign.counts.variants, "video"),
    clock(campaign.counts.durationSeconds),
    size(campaign.counts.sizeBytes),
    `${profile.width} × ${profile.height}`,
    `${profile.fps} fps`,
  ]
    .map((fact) => fact.replaceAll(" ", "\u00a0")) // lines break between facts only
    .join(" · ");
  document.documentElement.style.setProperty("--shape", `${profile.width} / ${profile.height}`);
  document.documentElement.style.setProperty("--ratio", profile.width / profile.height);
  document.documentElement.style.setProperty("--card", profile.width > profile.height ? "280px" : "190px");

  // ---- which are shown ----------------------------------------------------------------------------------------------

  let words = [];
  let shown = variants;
  // What is no difference to whoever types: case, accents, Arabic and Hebrew vowel points, width, what nobody sees.
  const ACCENTS =
    /[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]|\p{Default_Ignorable_Code_Point}/gu;
  const STROKES = { ø: "o", ł: "l", đ: "d", ħ: "h", ŧ: "t", ð: "d", æ: "ae", œ: "oe", þ: "th", ς: "σ" };
  const plain = (text) =>
    text
      .normalize("NFKD")
      .toUpperCase()
      .toLowerCase()
      .normalize("NFKD")
      .replace(ACCENTS, "")
      .replace(/[øłđħŧðæœþς]/g, (letter) => STROKES[letter]);
  const wordsOf = (text) => plain(text).split(/\s+/).filter(Boolean);
  const haystacks = new Map(
    variants.map((variant) => {
      const labels = there.flatMap((group) => [group.of(variant), group.called(group.of(variant))]);
      return [variant, plain([variant.name, variant.text ?? "", ...variant.titles, ...labels].join("\n"))];
    }),
  );
  const found = (variant) => words.every((word) => haystacks.get(variant).includes(word));
  const fits = (variant, group) => group.chosen.size === 0 || group.chosen.has(group.of(variant));

  function buildFilters() {
    for (const group of groups.filter(({ exists, values }) => exists && values.length > 1)) {
      const fieldset = make("fieldset");
      const chips = make("div", "chips");
      for (const value of group.values) {
        const label = value === "" ? "none" : (group.id === "Line" && texts.get(value)) || group.called(value);
        const chip = make("button", "chip");
        chip.type = "button";
        chip.title = label;
        chip.append(make("span", "", label), make("small"));
        chip.addEventListener("click", () => {
          if (!group.chosen.delete(value)) group.chosen.add(value);
          update();
        });
        group.chips.set(value, chip);
        chips.append(chip);
      }
      const legend = make("legend", "", "");
      legend.append(mark(group), make("span", "", group.title));
      fieldset.append(legend, chips);
      byId("groups").append(fieldset);
    }
  }

  function update() {
    shown = variants.filter((variant) => found(variant) && groups.every((group) => fits(variant, group)));
    for (const group of groups) {
      // How many each choice would show, the other filters being as they are.
      const others = groups.filter((other) => other !== group);
      const counts = new Map();
      for (const variant of variants) {
        if (found(variant) && others.every((other) => fits(variant, other)))
          counts.set(group.of(variant), (counts.get(group.of(variant)) ?? 0) + 1);
      }
      for (const [value, chip] of group.chips) {
        chip.setAttribute("aria-pressed", String(group.chosen.has(value)));
        chip.classList.toggle("none", !counts.has(value));
        chip.lastChild.textContent = counts.get(value) ?? 0;
      }
    }
    const active = groups.reduce((sum, group) => sum + group.chosen.size, 0) + (words.length ? 1 : 0);
    byId("active").textContent = active;
    byId("active").hidden = byId("clear").hidden = active === 0;
    byId("count").replaceChildren(
      make("b", "", shown.length.toLocaleString("en")),
      ` of ${plural(variants.length, "video")}`,
    );
    byId("empty").hidden = shown.length > 0;
    byId("grid").replaceChildren();
    addCards();
    writeLink();
  }

  function clear() {
    for (const group of groups) group.chosen.clear();
    byId("search").value = "";
    words = [];
    update();
  }

  // ---- cards --------------------------------------------------------------------------------------------------------

  const PAGE = 60; // cards at a time: a page of thousands would take seconds to lay out
  const more = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && addCards(), {
    rootMargin: "1200px",
  });

  function addCards() {
    const grid = byId("grid");
    grid.append(...shown.slice(grid.children.length, grid.children.length + PAGE).map(card));
    // Observed anew, the end reports again even where it stayed in view.
    more.disconnect();
    if (grid.children.length < shown.length) more.observe(byId("more"));
  }

  function card(variant) {
    const item = byId("card").content.firstElementChild.cloneNode(true);
    const poster = item.querySelector(".poster");
    poster.setAttribute("aria-label", `Play ${variant.name}`);
    poster.addEventListener("click", () => open(variant));
    item.querySelector(".board").replaceWith(storyboard(variant));
    item.querySelector(".time").textContent = clock(variant.durationSeconds);
    item.querySelector(".name").textContent = variant.name;
    item.querySelector(".name").title = variant.name;
    item.querySelector(".parts").append(...parts(variant));
    say(variant, item.querySelector("blockquote"));
    item.querySelector(".actions").append(...actions(variant));
    return item;
  }

  // The first clip large, the others in a strip beside it: one row of up to four, else two, each of the picture's shape
  // unless the strip would take more than half.
  function storyboard(variant) {
    const panels = variant.clips.map((_, place) => panel(variant, place));
    const board = make("span", "board");
    board.classList.toggle("wide", profile.width > profile.height);
    board.append(panels[0]);
    const others = panels.slice(1);
    const columns = others.length > 4 ? Math.ceil(others.length / 2) : others.length;
    const strip = make("span", "strip");
    for (let at = 0; at < others.length; at += columns) {
      const row = make("span", "row");
      row.append(...others.slice(at, at + columns));
      strip.append(row);
    }
    const share = Math.min(Math.ceil(others.length / columns) / columns, 1 / 2);
    board.style.setProperty("--strip", `${100 * share}%`);
    if (others.length) board.append(strip);
    return board;
  }

  function panel(variant, place) {
    const [element, group] = [make("span", "panel"), groups[place]];
    const { clip, picture } = variant.clips[place];
    element.title = `${group.title}: ${group.called(clip)}`;
    element.style.setProperty("--hue", (group.values.indexOf(clip) * 137.5 + place * 40) % 360);
    if (picture !== null) {
      const image = make("img");
      image.loading = "lazy";
      image.decoding = "async";
      image.alt = element.title;
      image.addEventListener("error", () => image.remove());
      image.src = url(campaign.pictures[picture]);
      element.append(image);
    }
    return element;
  }

  function say(variant, quote) {
    quote.textContent = quote.title = variant.text ?? "";
    quote.parentElement.querySelector(".mark")?.remove();
    if (variant.text) quote.before(mark(groups.at(-1)));
  }

  function parts(variant) {
    const rows = there
      .filter((group) => group.of(variant) !== "" && !(group.id === "Line" && variant.text))
      .map((group) => row([mark(group), make("span", "", group.title)], group.called(group.of(variant))));
    if (variant.titles.length) rows.push(row([make("span", "", "Titles")], variant.titles.join(" · ")));
    return rows;
  }

  function row(name, text) {
    const [line, term, value] = [make("div"), make("dt"), make("dd")];
    term.append(...name);
    value.append(make("span", "", text));
    value.title = text;
    line.append(term, value);
    return line;
  }

  function actions(variant) {
    const [link, copy] = byId("actions").content.cloneNode(true).children;
    link.href = url(variant.file);
    link.download = variant.file;
    link.setAttribute("aria-label", `Download ${variant.name}`);
    const label = copy.querySelector("span");
    copy.addEventListener("click", async () => {
      label.textContent = (await copied(variant.name, copy)) ? "Copied" : "Not copied";
      setTimeout(() => (label.textContent = "Copy name"), 1500);
    });
    return [link, copy];
  }

  async function copied(text, beside) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Without https there is no clipboard, but there is the old way, inside the dialog where one is open.
      const field = make("textarea");
      field.value = text;
      beside.after(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      beside.focus();
      return done;
    }
  }

  // ---- player -------------------------------------------------------------------------------------------------------

  const [player, video] = [byId("player"), byId("video")];
  let playing = null;

  function open(variant) {
    playing = variant;
    const place = shown.indexOf(variant);
    byId("position").textContent = place < 0 ? "" : `${place + 1} of ${shown.length}`;
    byId("player-name").textContent = variant.name;
    byId("player-parts").replaceChildren(...parts(variant));
    say(variant, byId("player-text"));
    byId("player-meta").textContent = `${clock(variant.durationSeconds)} · ${size(variant.sizeBytes)}`;
    byId("player-actions").replaceChildren(...actions(variant));
    byId("previous").disabled = place < 1;
    byId("next").disabled = place < 0 || place + 1 >= shown.length;
    // A button that is disabled takes the keyboard with it.
    if (document.activeElement.disabled) byId("side").focus();
    byId("broken").hidden = true;
    video.replaceChildren(...captions(variant));
    const [{ picture }] = variant.clips;
    if (picture === null) video.removeAttribute("poster");
    else video.poster = url(campaign.pictures[picture]);
    video.src = url(variant.file);
    if (!player.open) player.showModal();
    // Refused after a link was followed, as nobody has clicked yet: the poster then waits for a click.
    video.play().catch(() => {});
    writeLink();
  }

  function captions(variant) {
    if (variant.captions === null) return [];
    const text = campaign.captionTexts[variant.captions];
    // A page from a disk may not load a file for a track.
    if (text === undefined && location.protocol === "file:") return [];
    const track = document.createElement("track");
    track.kind = "captions";
    track.label = "Captions";
    track.default = true;
    track.src = text === undefined ? url(variant.captions) : "data:text/vtt;charset=utf-8," + encodeURIComponent(text);
    return [track];
  }

  function step(by) {
    const next = shown[shown.indexOf(playing) + by];
    if (playing !== null && shown.includes(playing) && next !== undefined) open(next);
  }

  player.addEventListener("close", () => {
    playing = null;
    video.pause();
    video.removeAttribute("src");
    video.load();
    writeLink();
  });
  player.addEventListener("click", (event) => event.target === player && player.close());
  player.addEventListener("keydown", (event) => {
    if (event.target === video || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  video.addEventListener("ended", () => byId("on").checked && step(1));
  video.addEventListener("error", () => {
    if (playing === null) return;
    byId("broken").textContent = `${playing.file} cannot be played: it must lie beside this page.`;
    byId("broken").hidden = false;
  });
  byId("close").addEventListener("click", () => player.close());
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));

  // ---- the address tells what is shown ------------------------------------------------------------------------------

  function writeLink() {
    const link = new URLSearchParams();
    for (const group of groups) for (const value of group.chosen) link.append(group.id, value);
    if (words.length) link.append("Search", byId("search").value.trim());
    if (playing !== null) link.append("Play", playing.name);
    if (location.hash.slice(1) !== link.toString()) history.replaceState(null, "", `#${link}`);
  }

  function readLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    for (const group of groups)
      group.chosen = new Set(link.getAll(group.id).filter((value) => group.values.includes(value)));
    byId("search").value = link.get("Search") ?? "";
    words = wordsOf(byId("search").value);
    const wanted = variants.find((variant) => variant.name === link.get("Play"));
    if (wanted === undefined && player.open) player.close();
    update();
    if (wanted !== undefined) open(wanted);
  }

  // ---- beginning ----------------------------------------------------------------------------------------------------

  function buildSkipped() {
    const { skipped } = campaign;
    const most = 200;
    byId("skipped").hidden = skipped.length === 0;
    byId("skipped").querySelector("summary").textContent =
      plural(skipped.length, "combination") + (skipped.length === 1 ? " was" : " were") + " not made";
    for (const { clips, track, line, message } of skipped.slice(0, most)) {
      const item = make("li");
      const labels = [...clips.map(({ clip }) => clip), track, line].filter((label) => label !== null);
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
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, video") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key !== "/" || typing || player.open) return;
    event.preventDefault();
    byId("search").focus();
    byId("search").select();
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
})();
