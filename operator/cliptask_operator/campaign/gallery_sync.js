  // ---- two videos play as one --------------------------------------------------------------------------------------------

  // What a video does that is `ahead` of the other by so many seconds, negative behind, where a frame lasts `frame`: from
  // a quarter of a frame on it plays slower or faster by up to a quarter, in steps as each takes a player time; from 0.4 s
  // on it jumps.
  function correction(ahead, frame) {
    if (Math.abs(ahead) > 0.4) return { jumps: true, rate: 1 };
    const rate = Math.abs(ahead) < frame / 4 ? 1 : 1 - Math.min(Math.max(Math.round(ahead * 60) / 20, -0.25), 0.25);
    return { jumps: false, rate };
  }

  // One clock for two videos: `drawn` is called whenever something may look otherwise. The video that is heard leads, as a
  // change of its rate would be heard; the other follows. The shorter one stays at its end until the longer one is there.
  function inStep(films, fps, drawn) {
    let wants = false; // to play
    let at = 0; // where it is while it does not
    let heard = 0;
    let ticking = 0;

    const intact = (film) => film.readyState > 0 && film.error === null;
    const length = () => Math.max(0, ...films.filter(intact).map((film) => film.duration));
    const isOver = (film) => film.ended || film.currentTime >= film.duration;
    const live = () => films.filter((film) => intact(film) && !isOver(film));
    const leader = () => live().find((film) => film === films[heard]) ?? live()[0];
    const time = () => (wants ? (leader()?.currentTime ?? length()) : Math.min(at, length()));
    const lacks = (film) => film.seeking || (film.readyState < 3 && film.currentTime < film.duration - 2 / fps);
    const LATE_MS = 200; // a machine that is busy lacks a picture for a moment: to stop for it would take longer
    let enough = 0; // when both had what they need, last

    function tick() {
      ticking = 0;
      if (!wants) return;
      const playing = live();
      const isLoading = films.some((film) => film.readyState === 0 && film.error === null);
      if (playing.length === 0 && !isLoading) {
        at = length();
        pause();
        return;
      }
      // Where one has to wait for its bytes, the other waits with it.
      const isShort = isLoading || playing.some(lacks);
      if (!isShort) enough = performance.now();
      const waits = performance.now() - enough > LATE_MS;
      for (const film of playing) {
        if (waits && !film.paused && !lacks(film)) film.pause();
        if (!isShort && film.paused) start(film);
      }
      follow(playing);
      drawn();
      ticking = requestAnimationFrame(tick);
    }

    function follow(playing) {
      const ahead = leader();
      if (ahead && ahead.playbackRate !== 1) ahead.playbackRate = 1;
      for (const film of playing) {
        if (film === ahead || film.seeking || ahead.seeking) continue;
        const { jumps, rate } = correction(film.currentTime - ahead.currentTime, 1 / fps);
        if (film.playbackRate !== rate) film.playbackRate = rate;
        if (jumps) film.currentTime = Math.min(ahead.currentTime, film.duration);
      }
    }

    function start(film) {
      film.play().catch(({ name }) => {
        if (name === "NotAllowedError") pause(); // after a link was followed, nobody has clicked yet
      });
    }

    function play() {
      if (wants) return;
      if (at >= length() - 1 / fps) seek(0);
      wants = true;
      tick();
    }

    function pause() {
      if (wants && live().length > 0) at = time();
      const did = wants;
      wants = false;
      cancelAnimationFrame(ticking);
      for (const film of films) {
        film.pause();
        film.playbackRate = 1;
      }
      if (did) seek(at); // both at the same frame
      drawn();
    }

    function seek(to) {
      at = Math.min(Math.max(to, 0), length());
      for (const film of films) if (intact(film)) film.currentTime = Math.min(at, film.duration);
      drawn();
    }

    // To the middle of a frame: its beginning may be rounded into the one before.
    function step(by) {
      pause();
      const last = Math.round(length() * fps) - 1;
      const frame = Math.min(Math.max(Math.floor(at * fps + 0.01) + by, 0), last);
      seek((frame + 0.5) / fps);
    }

    function hear(which) {
      heard = which;
      films.forEach((film, place) => (film.muted = place !== heard));
      drawn();
    }

    for (const film of films) for (const event of ["loadedmetadata", "seeked", "error"]) film.addEventListener(event, () => drawn());
    return {
      play, pause, seek, step, hear, time, length, isOver,
      plays: () => wants,
      heard: () => heard,
      toggle: () => (wants ? pause() : play()),
      swap: () => {
        films.reverse();
        hear(heard < 0 ? heard : 1 - heard); // the same one is heard, elsewhere
      },
    }; // prettier-ignore
  }
