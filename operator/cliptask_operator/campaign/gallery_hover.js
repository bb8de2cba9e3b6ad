  // ---- a tile plays its video while the pointer rests on it -----------------------------------------------------------

  const REST_MS = 300; // a pointer that crosses a tile loads nothing
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const playsAtRest = () => !calm.matches && navigator.connection?.saveData !== true;
  let sample = null; // the tile that plays, one at most
  let resting = 0; // the timer of the tile that the pointer has come to

  function playTile(item) {
    stopTile();
    const { file, name } = variantOf.get(item);
    const film = make("video", "sample");
    Object.assign(film, { muted: true, loop: true, playsInline: true, disableRemotePlayback: true, tabIndex: -1 });
    film.setAttribute("aria-hidden", "true");
    film.addEventListener("playing", () => film.classList.add("shown"));
    film.addEventListener("error", () => {
      if (sample?.film !== film) return;
      stopTile();
      item.querySelector(".lost").hidden = false;
      item.querySelector(".lost").title = lost(file);
    });
    const button = item.querySelector(".here");
    button.setAttribute("aria-pressed", "true");
    button.setAttribute("aria-label", `Stop: ${name}`);
    item.querySelector(".poster .play").before(film);
    sample = { item, film };
    inView.observe(item);
    film.src = url(file);
    film.play().catch(() => {}); // ended before it had begun
  }

  function stopTile() {
    clearTimeout(resting);
    if (sample === null) return;
    const { item, film } = sample;
    sample = null;
    inView.disconnect();
    film.pause();
    film.removeAttribute("src");
    film.load(); // else the browser keeps what was loaded, and the connection
    film.remove();
    const button = item.querySelector(".here");
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `Play here: ${variantOf.get(item).name}`);
  }

  const lost = (file) => `${file} cannot be played: it must lie beside this page.`;
  const toggleTile = (item) => (sample?.item === item ? stopTile() : playTile(item));
  const inView = new IntersectionObserver((entries) => entries.at(-1).isIntersecting || stopTile());

  byId("grid").addEventListener("pointerover", (event) => {
    const item = event.target.closest(".poster")?.closest(".card");
    if (!item || event.pointerType === "touch" || !playsAtRest() || sample?.item === item) return;
    clearTimeout(resting);
    resting = setTimeout(playTile, REST_MS, item);
  });
  byId("grid").addEventListener("pointerout", (event) => {
    const over = ".poster, .pick, .here"; // what lies over the picture belongs to it
    const [from, to] = [event.target, event.relatedTarget].map((each) => each?.closest?.(over)?.closest(".card") ?? null);
    if (from !== null && from !== to && event.pointerType !== "touch") stopTile();
  });
  byId("grid").addEventListener("focusout", (event) => {
    const item = event.target.closest(".card");
    if (sample?.item === item && !item.contains(event.relatedTarget) && !item.matches(":hover")) stopTile();
  });
  byId("grid").addEventListener("click", (event) => {
    const button = event.target.closest(".here");
    if (button) toggleTile(button.closest(".card"));
  });
  document.addEventListener("visibilitychange", () => document.hidden && stopTile());
  // Where resting does nothing, each tile shows its button.
  document.documentElement.classList.toggle("sparing", navigator.connection?.saveData === true);
