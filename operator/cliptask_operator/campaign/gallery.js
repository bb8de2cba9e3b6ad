  const campaign = JSON.parse(document.getElementById("campaign").textContent);
  const { blocks, forms, variants } = campaign;
  const profile = campaign.profile ?? forms[0]; // several forms have one rate
  const formOf = new Map(forms.map((form) => [form.name, form]));
  const pictureOf = ({ form }) => formOf.get(form) ?? profile;
  const isWide = ({ width, height }) => width > height;

  // ---- what is there ------------------------------------------------------------------------------------------------

  // Names of blocks are lower-case, so those of the other filters begin with a capital.
  const groups = [
    ...blocks.map((block, place) => ({
      id: block,
      title: block,
      sign: String(place + 1),
      of: (variant) => variant.clips[place].clip,
    })),
    ...campaign.others.map(({ key, heading }) => ({ id: heading, title: heading, sign: heading[0].toUpperCase(), of: ({ others }) => others[key] })),
    { id: "Form", title: "Form", sign: "▯", of: (variant) => variant.form ?? "" },
    { id: "Target", title: "Suits", sign: "◎", of: ({ targets }) => targets.join(", "), all: ({ targets }) => (targets.length ? targets : [""]) },
    { id: "Track", title: "Music", sign: "♪", of: (variant) => variant.track ?? "" },
    { id: "Line", title: "Speech", sign: "“", of: (variant) => variant.line ?? "" },
    { id: "Synthetic", title: "Made by AI", sign: "AI", of: ({ synthetic }) => synthetic.join(", ") },
  ];
  const spoken = groups.at(-2);
  for (const group of groups) {
    group.called = (value) => campaign.called[group.id]?.[value] ?? value;
    group.all ??= (variant) => [group.of(variant)]; // a video may suit several targets
    group.values = [...new Set(variants.flatMap(group.all))];
    group.chosen = new Set();
    group.chips = new Map();
    group.exists = group.values.some((value) => value !== "");
  }
  const there = groups.filter((group) => group.exists);
  // A line goes by its text, unless its videos say more than that, each by its clips.
  const texts = new Map();
  for (const { line, text } of variants) texts.set(line, texts.has(line) && texts.get(line) !== text ? null : text);
  const mark = (group) => {
    const element = make("span", "mark", group.sign);
    element.setAttribute("aria-hidden", "true");
    element.style.setProperty("--group", `var(--group-${there.indexOf(group) % COLOURS})`);
    return element;
  };
  const url = (file) => "./" + file.split("/").map(encodeURIComponent).join("/");
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
    ...(forms.length ? forms : [profile]).map(({ name = "", width, height }) => `${name} ${width} × ${height}`.trim()),
    `${profile.fps} fps`,
  ]
    .map((fact) => fact.replaceAll(" ", "\u00a0")) // lines break between facts only
    .join(" · ");
  const shape = (element, { width, height }) => {
    element.style.setProperty("--shape", `${width} / ${height}`);
    element.style.setProperty("--ratio", width / height);
  };
  shape(document.documentElement, profile);
  document.documentElement.style.setProperty("--card", [profile, ...forms].every(isWide) ? "280px" : "190px");

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
    if (forms.length) shape(item, pictureOf(variant));
    poster.setAttribute("aria-label", `Play ${variant.name}`);
    poster.addEventListener("click", () => open(variant));
    item.querySelector(".board").replaceWith(storyboard(variant));
    item.querySelector(".time").textContent = clock(variant.durationSeconds);
    item.querySelector(".synthetic").hidden = variant.synthetic.length === 0;
    entitle(item.querySelector(".name"), variant);
    item.querySelector(".parts").append(...parts(variant));
    say(variant, item.querySelector("blockquote"));
    item.querySelector(".actions").append(...actions(variant));
    return tile(item, variant);
  }

  // The first clip large, the others in a strip beside it: one row of up to four, else two, each of the picture's shape
  // unless the strip would take more than half.
  function storyboard(variant) {
    const panels = variant.clips.map((_, place) => panel(variant, place));
    const board = make("span", "board");
    board.classList.toggle("wide", isWide(pictureOf(variant)));
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

  // As an ad platform calls it, where the task says so; the file keeps its own name.
  const called = ({ adName, name }) => adName ?? name;

  function entitle(element, variant) {
    element.textContent = called(variant);
    element.title = variant.adName ? `${variant.adName} (${variant.file})` : variant.name;
  }

  function say(variant, quote) {
    quote.textContent = quote.title = variant.text ?? "";
    quote.parentElement.querySelector(".mark")?.remove();
    if (variant.text) quote.before(mark(spoken));
  }

  function parts(variant) {
    const rows = there
      .filter((group) => group.of(variant) !== "" && !(group.id === "Line" && variant.text))
      .map((group) => row([mark(group), make("span", "", group.title)], group.called(group.of(variant))));
    if (variant.titles.length) rows.push(row([make("span", "", "Titles")], variant.titles.join(" · ")));
    for (const [target, why] of Object.entries(variant.refused)) rows.push(row([make("span", "", `Not ${target}`)], why.join(" · ")));
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
    const [link, button] = byId("actions").content.cloneNode(true).children;
    link.href = url(variant.file);
    link.download = variant.file;
    link.setAttribute("aria-label", `Download ${variant.name}`);
    button.addEventListener("click", () => {
      copy(button.querySelector("span"), called(variant), button.closest(".card, .side").querySelector("h2"));
    });
    return [link, button];
  }

  // ---- player -------------------------------------------------------------------------------------------------------

  const [player, video] = [byId("player"), byId("video")];
  let playing = null;

  function open(variant) {
    stopTile();
    playing = variant;
    const place = shown.indexOf(variant);
    byId("position").textContent = place < 0 ? "" : `${place + 1} of ${shown.length}`;
    if (forms.length) shape(player, pictureOf(variant));
    entitle(byId("player-name"), variant);
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
  // Also where it is wished for once one has ended.
  const goOn = () => byId("on").checked && video.ended && step(1);
  video.addEventListener("ended", goOn);
  byId("on").addEventListener("change", goOn);
  video.addEventListener("error", () => {
    if (playing === null) return;
    byId("broken").textContent = lost(playing.file);
    byId("broken").hidden = false;
  });
  byId("close").addEventListener("click", () => player.close());
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
