  const seconds = (value) => `${value.toFixed(1)} s`;

  let board = null;
  let groups = []; // blocks, then music and speech, where there are any, what else there is, and the form, where there are several
  let places = []; // of the part of each group that is looked at
  let here = 0; // the group that the keys are in
  let told = null; // what the server said last of this combination
  let numbers = new Map(); // of the campaign's videos, by their places
  let state = { revision: 0, made: 0 };

  async function ask(path, body) {
    const options = body && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    const answer = await fetch(path, options);
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.message ?? content.detail);
    return content;
  }

  // ---- what there is to combine -------------------------------------------------------------------------------------

  const labels = () => places.map((place, group) => groups[group].parts[place].label);
  const colour = (element, group) => element.style.setProperty("--group", `var(--group-${group % COLOURS})`);

  async function loadBoard() {
    const before = board && new Map(groups.map(({ id }, group) => [id, { label: labels()[group], place: places[group] }]));
    board = await ask("board");
    groups = [
      ...board.blocks.map(({ name, clips }, place) => ({ id: name, name, sign: String(place + 1), parts: clips })),
      { id: "Track", name: "Music", sign: "♪", parts: board.tracks },
      { id: "Line", name: "Speech", sign: "“", parts: board.lines },
      ...board.others.map(({ key, heading, parts }) => ({ id: heading, key, name: heading, sign: heading[0].toUpperCase(), parts })),
      { id: "Form", name: "Form", sign: "▯", parts: formsAsParts() },
    ].filter(({ parts }) => parts.length > 0);
    const wished = new URLSearchParams(location.hash.slice(1));
    const first = groups.map((_, group) => placeOf(board.wanted[0] ?? [], group));
    places = groups.map(({ id, parts }, group) => {
      const label = before ? before.get(id)?.label : wished.get(id);
      const found = parts.findIndex((part) => part.label === label);
      if (found >= 0) return found;
      // A part that was renamed is most likely where it was.
      return Math.min(before?.get(id)?.place ?? first[group] ?? 0, parts.length - 1);
    });
    here = Math.min(here, groups.length - 1);
    numbers = new Map(board.wanted.map((choice, number) => [String(choice), number]));
    document.title = `${board.task} · preview`;
    byId("task").textContent = board.task;
    drawGroups();
    drawChosen();
    drawShape();
  }

  // None where there is one alone: nothing is to be chosen.
  const formsAsParts = () =>
    board.forms.length < 2
      ? []
      : board.forms.map(({ name, width, height }) => ({ label: name, title: name, size: `${width} × ${height}` }));

  const formHere = () => board.forms[places[groups.findIndex(({ id }) => id === "Form")] ?? 0];

  function drawShape() {
    const { width, height } = formHere();
    drawZones();
    document.documentElement.style.setProperty("--shape", `${width} / ${height}`);
    document.documentElement.style.setProperty("--ratio", width / height);
    byId("facts").dataset.picture = `${width} × ${height} · ${board.fps} fps${board.remark ? ` · ${board.remark}` : ""}`;
  }

  // A box for each target: what its platform leaves free of its own buttons. All around what all of them leave is shaded.
  function drawZones() {
    const { zones } = formHere();
    const on = byId("safe").getAttribute("aria-pressed") === "true";
    byId("safe").hidden = zones.length === 0;
    byId("zones").hidden = !on || zones.length === 0;
    byId("legend").hidden = byId("zones").hidden;
    const paint = (element, place) => element.style.setProperty("--zone", `var(--zone-${place})`);
    const box = (kind, [left, top, right, bottom]) => {
      const element = make("div", kind);
      const share = (value) => `${100 * value}%`;
      Object.assign(element.style, { left: share(left), top: share(top), width: share(right - left), height: share(bottom - top) });
      return element;
    };
    const edge = (place, pick) => pick(...zones.map(({ free }) => free[place]));
    const common = zones.length ? [edge(0, Math.max), edge(1, Math.max), edge(2, Math.min), edge(3, Math.min)] : [0, 0, 1, 1];
    const boxes = zones.map(({ target, free }, place) => {
      const element = box("zone", free);
      element.dataset.target = target;
      paint(element, place);
      return element;
    });
    byId("legend").replaceChildren(
      ...zones.map(({ target }, place) => {
        const name = make("li", "", target);
        paint(name, place);
        return name;
      }),
    );
    byId("zones").replaceChildren(box("common", common), ...boxes);
    byId("about").replaceChildren(...board.about.map((sentence) => make("li", "", sentence)));
    byId("about").hidden = board.about.length === 0;
  }

  function toggleZones() {
    if (byId("safe").hidden) return;
    byId("safe").setAttribute("aria-pressed", String(byId("safe").getAttribute("aria-pressed") !== "true"));
    drawZones();
  }

  // The server's list of places: clips, track, line, null where there is none, and the others. It is the same in every form.
  const placeOf = (choice, group) => {
    const { id } = groups[group];
    if (id === "Track") return choice[board.blocks.length];
    if (id === "Line") return choice[board.blocks.length + 1];
    if (id === "Form") return places[group] ?? 0;
    const at = board.others.findIndex(({ heading }) => heading === id);
    return at < 0 ? choice[group] : choice[board.blocks.length + 2 + at];
  };
  const asChoice = (some) => {
    const of = (id) => some[groups.findIndex((group) => group.id === id)] ?? null;
    return [...some.slice(0, board.blocks.length), of("Track"), of("Line"), ...board.others.map(({ heading }) => of(heading))];
  };

  function drawGroups() {
    byId("groups").replaceChildren(
      ...groups.map((group, number) => {
        const section = make("div", "group");
        const name = make("p", "name");
        name.id = `group-${number}`;
        const sign = make("span", "mark", group.sign);
        sign.setAttribute("aria-hidden", "true");
        colour(sign, number);
        name.append(sign, make("span", "", group.name));
        const chips = make("div", "chips");
        chips.setAttribute("role", "radiogroup");
        chips.setAttribute("aria-labelledby", name.id);
        group.chips = group.parts.map((part, place) => {
          const chip = make("button", part.problem ? "chip bad" : "chip");
          chip.type = "button";
          chip.setAttribute("role", "radio");
          chip.title = part.problem ?? part.title;
          chip.append(make("span", "", part.title));
          if (part.seconds) chip.append(make("small", "", seconds(part.seconds)));
          if (part.size) chip.append(make("small", "", part.size));
          if (part.by === "robot") chip.append(make("small", "", "robot"));
          if (part.by === "nobody") chip.append(make("small", "", "silent"));
          chip.addEventListener("click", () => pick(number, place));
          return chip;
        });
        chips.append(...group.chips);
        group.note = make("p", "soft");
        section.append(name, chips, group.note);
        group.section = section;
        return section;
      }),
    );
    mark();
  }

  function mark() {
    groups.forEach((group, number) => {
      group.section.classList.toggle("here", number === here);
      group.chips.forEach((chip, place) => {
        chip.setAttribute("aria-checked", String(place === places[number]));
        chip.tabIndex = place === places[number] ? 0 : -1;
      });
      const part = group.parts[places[number]];
      group.note.textContent = part.problem ?? (part.by && part.by !== "voice" ? part.why : "");
      if (board.canSpeak && part.by && part.by !== "voice" && part.voice !== "espeak-ng") {
        const speak = make("button", "button", `Have ${part.voice} speak it: ${plural(part.characters, "character")}`);
        speak.type = "button";
        speak.addEventListener("click", async () => {
          speak.disabled = true;
          try {
            await ask("speak", { line: places[number] });
          } catch (error) {
            group.note.textContent = error.message;
          }
        });
        group.note.append(speak);
      }
    });
    history.replaceState(null, "", `#${new URLSearchParams(groups.map(({ id }, number) => [id, labels()[number]]))}`);
    const number = numbers.get(String(asChoice(places)));
    const all = plural(board.wanted.length, board.forms.length > 1 ? "combination" : "video");
    byId("place").textContent =
      number !== undefined ? `${(number + 1).toLocaleString("en")} of ${all}` : `none of the campaign's ${all}`;
    const isChosen = chosen.has(nameOf(labels()));
    byId("choose").setAttribute("aria-pressed", String(isChosen));
    byId("choose").textContent = isChosen ? "✓ Chosen" : "Choose this one";
  }

  function pick(group, place, focus = false) {
    const isBlock = group < board.blocks.length;
    here = group;
    places = places.with(group, place);
    mark();
    if (focus) groups[group].chips[place].focus();
    if (groups[group].id === "Form") look(); // the same moment in another shape
    else look({ start: isBlock ? group : 0, play: true });
  }

  function walk(by) {
    const count = board.wanted.length;
    if (count === 0) return;
    const now = numbers.get(String(asChoice(places)));
    const choice = board.wanted[now === undefined ? 0 : (now + by + count) % count];
    places = groups.map((_, group) => placeOf(choice, group));
    mark();
    look({ start: 0, play: true });
  }

  // ---- what plays ---------------------------------------------------------------------------------------------------

  let front = byId("one");
  let back = byId("two");
  let playing = ""; // the film in front
  let pending = null; // how the next film begins: null, as the one before goes on
  let asked = 0;

  async function look(how = null) {
    if (how) pending = how;
    if (how) front.pause(); // what is decoded for nobody delays what is to come
    const number = ++asked;
    const query = new URLSearchParams();
    groups.forEach(({ id, key }, group) => {
      query.append({ Track: "track", Line: "line", Form: "form" }[id] ?? (key ? "other" : "clip"), labels()[group]);
    });
    try {
      const answer = await ask(`combination?${query}`);
      if (number !== asked) return;
      told = answer;
      drawShape();
      document.body.dataset.film = told.film === playing ? playing : ""; // the film in front, if it is the one asked for
      byId("facts").textContent = [told.name, seconds(told.durationSeconds), byId("facts").dataset.picture].join(" · ");
      drawStrip();
      if (told.film && told.film !== playing) show(told.film, number);
      else if (told.film && pending) begin(front);
      waits(told.film ? "" : told.problems.join("\n") || "Making it …");
    } catch (error) {
      if (number !== asked) return;
      told = null;
      playing = "";
      front.pause();
      waits(error.message);
    }
  }

  function waits(why) {
    byId("waiting").textContent = why;
    byId("waiting").hidden = why === "";
    byId("stage").classList.toggle("waits", why !== "");
    byId("draft").hidden = !(told?.film && told.isDraft);
    const line = groups.find(({ id }) => id === "Line");
    const by = line?.parts[places[groups.indexOf(line)]].by;
    byId("voice").hidden = by === undefined || by === "voice";
    byId("voice").textContent = by === "robot" ? "Robot's voice" : "Nobody speaks";
  }

  // Where a film begins, and whether it plays: as somebody has asked, else as the one before does.
  const start = () => (pending ? (told.starts[pending.start] ?? 0) : Math.min(front.currentTime, told.durationSeconds - 0.1));
  const plays = () => pending?.play ?? !front.paused;

  function begin(video) {
    video.currentTime = start();
    if (plays()) video.play().catch(() => {});
    pending = null;
  }

  function show(film, number) {
    const next = back;
    next.pause();
    next.replaceChildren();
    if (told.hasCaptions) {
      const track = document.createElement("track");
      Object.assign(track, { kind: "subtitles", label: "Captions", srclang: "und", src: `captions/${film}.vtt` });
      next.append(track);
      track.track.mode = byId("captions").getAttribute("aria-pressed") === "true" ? "showing" : "hidden";
    }
    next.src = `videos/${film}.mp4`;
    next.muted = front.muted;
    next.onloadedmetadata = () => {
      if (start() > 0) next.currentTime = start();
    };
    next.onerror = () => number === asked && setTimeout(look, 500); // a part has gone: it is made again
    // Shown once there is a picture to be seen, so that nothing is ever black.
    next.onseeked = next.onloadeddata = () => {
      if (number !== asked || next !== back || next.seeking || next.readyState < 2) return;
      if (plays()) next.play().catch(() => {});
      pending = null;
      front.pause();
      next.classList.add("shown");
      front.classList.remove("shown");
      [front, back] = [next, front];
      playing = film;
      document.body.dataset.film = film;
      drawClock();
    };
  }

  function drawStrip() {
    byId("captions").hidden = !told.hasCaptions;
    const ends = [...told.starts.slice(1), told.durationSeconds];
    byId("strip").replaceChildren(
      ...told.starts.map((from, block) => {
        const piece = make("span");
        colour(piece, block);
        piece.style.flexGrow = ends[block] - from;
        return piece;
      }),
    );
    byId("seek").max = told.durationSeconds;
  }

  function drawClock() {
    if (!told) return;
    const at = front.currentTime;
    byId("clock").textContent = `${at.toFixed(1)} / ${seconds(told.durationSeconds)}`;
    if (document.activeElement !== byId("seek") || !front.paused) byId("seek").value = at;
    byId("seek").setAttribute("aria-valuetext", seconds(at));
    const now = told.starts.findLastIndex((from) => from <= at + 0.01);
    [...byId("strip").children].forEach((piece, block) => piece.classList.toggle("now", block === now));
  }

  function drawPlay() {
    byId("play").textContent = front.paused ? "Play" : "Pause";
  }

  function tick() {
    drawClock();
    if (!front.paused) requestAnimationFrame(tick);
  }

  const toggle = () => (front.paused ? front.play().catch(() => {}) : front.pause());
  const toggleCaptions = () => {
    const on = byId("captions").getAttribute("aria-pressed") !== "true";
    byId("captions").setAttribute("aria-pressed", String(on));
    for (const video of [front, back]) for (const track of video.textTracks) track.mode = on ? "showing" : "hidden";
  };
  const mute = () => {
    front.muted = back.muted = !front.muted;
    byId("sound").setAttribute("aria-pressed", String(front.muted));
  };
  for (const video of [front, back]) {
    video.addEventListener("play", () => (drawPlay(), tick()));
    video.addEventListener("pause", drawPlay);
    video.addEventListener("timeupdate", () => video === front && drawClock());
    video.addEventListener("click", toggle);
  }

  // ---- what is chosen -----------------------------------------------------------------------------------------------

  // What is chosen is made in every form.
  const nameOf = (some) => JSON.stringify(groups.map(({ id }, group) => [id, some[group]]).filter(([id]) => id !== "Form"));
  const KEPT = "cliptask chosen";
  const chosen = new Set(kept(KEPT));

  function choose(name = nameOf(labels())) {
    if (!chosen.delete(name)) chosen.add(name);
    drawChosen();
  }

  function drawChosen() {
    keep(KEPT, [...chosen]);
    mark();
    const there = [];
    byId("list").replaceChildren(
      ...[...chosen].map((name) => {
        const parts = new Map(JSON.parse(name));
        const combined = groups.filter(({ id }) => id !== "Form");
        const isThere = parts.size === combined.length && combined.every(({ id, parts: all }) => all.some(({ label }) => label === parts.get(id)));
        if (isThere) {
          const clips = board.blocks.map((block) => parts.get(block.name));
          const others = Object.fromEntries(board.others.map(({ key, heading }) => [key, parts.get(heading)]));
          there.push({ clips, track: parts.get("Track") ?? null, line: parts.get("Line") ?? null, others });
        }
        const item = make("li", isThere ? "" : "gone");
        const remove = make("button", "button", "Remove");
        remove.type = "button";
        remove.addEventListener("click", () => choose(name));
        const text = make("span", "", [...parts.values()].join(" · "));
        item.append(text, remove);
        return item;
      }),
    );
    const { text, note } = onlyText(board.blocks.map(({ name }) => name), there, board.mostChosen);
    byId("none").hidden = chosen.size > 0;
    byId("text").textContent = text;
    byId("text").hidden = byId("copy").hidden = text === "";
    byId("note").textContent = note;
    byId("note").hidden = note === "";
  }

  // ---- what happens -------------------------------------------------------------------------------------------------

  async function hear(news) {
    const before = state;
    state = news;
    const { parts, drafts } = news;
    byId("progress").textContent = news.isReading
      ? "Reading the file …"
      : !news.isSurveyed
        ? "Looking for what is there …"
      : parts.made === parts.total
        ? `All ${plural(parts.total, "part")} made`
        : `${parts.made} of ${plural(parts.total, "part")} made, ${drafts.made} of ${plural(drafts.total, "draft")}`;
    const wrong = [news.refusal && `${news.refusal}\n(what plays is as it was before)`, ...news.problems].filter(Boolean);
    byId("problems").hidden = wrong.length === 0;
    byId("problems").textContent = wrong.join("\n");
    if (news.revision === 0) return;
    if (news.revision !== board?.revision) {
      const keeps = board !== null;
      await loadBoard();
      await look(keeps ? null : { start: 0, play: false });
    } else if ((!told?.film || told.isDraft) && news.made !== before.made) {
      await look();
    } else if (!told?.film && news.problems.length !== before.problems.length) {
      await look();
    }
  }

  let hearing = Promise.resolve();
  const events = new EventSource("events");
  events.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    hearing = hearing.then(() => hear(news)).catch((error) => waits(error.message));
  };
  events.onerror = () => {
    byId("progress").textContent = "The preview has ended: start it again";
  };

  const KEYS = {
    ArrowLeft: () => pick(here, (places[here] + groups[here].parts.length - 1) % groups[here].parts.length, true),
    ArrowRight: () => pick(here, (places[here] + 1) % groups[here].parts.length, true),
    ArrowUp: () => move(-1),
    ArrowDown: () => move(1),
    " ": toggle,
    Home: () => (front.currentTime = 0),
    n: () => walk(1),
    p: () => walk(-1),
    x: () => choose(),
    m: mute,
    c: toggleCaptions,
    z: toggleZones,
    "?": () => byId("help").showModal(),
  };
  Object.assign(KEYS, { h: KEYS.ArrowLeft, l: KEYS.ArrowRight, k: KEYS.ArrowUp, j: KEYS.ArrowDown });
  function move(by) {
    here = (here + by + groups.length) % groups.length;
    mark();
    groups[here].chips[places[here]].focus();
  }

  document.addEventListener("keydown", (event) => {
    if (!board || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const { target } = event;
    if (target === byId("seek") && event.key !== " " && event.key.length > 1) return; // its own keys
    if (event.key === " " && target.closest?.("button") && !target.closest("[role=radio]")) return; // presses it
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const clicks = {
    play: toggle,
    sound: mute,
    captions: toggleCaptions,
    safe: toggleZones,
    previous: () => walk(-1),
    next: () => walk(1),
    choose: () => choose(),
    copy: () => copy(byId("copy"), byId("text").textContent, byId("text")),
    "help-open": KEYS["?"],
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
  byId("seek").addEventListener("input", () => (front.currentTime = Number(byId("seek").value)));
