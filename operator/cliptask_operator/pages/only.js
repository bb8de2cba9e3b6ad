  // What must the task say to have just these videos made? The text of `variants.only`, to be pasted below `spec`.

  // Keys and labels hold lower-case letters, digits and hyphens. In quotes is what YAML would take for something else.
  const scalar = (name) =>
    /^[a-z]/.test(name) && !/^(null|true|false|yes|no|on|off|y|n)$/.test(name) ? name : JSON.stringify(name);

  // `blocks` are the names of the task's blocks. A video has labels: its `clips`, one of each block, its `track` and its
  // `line`, null where there is none, and `others` by what rules call them. `most` is how many entries `only` takes. A limit and rules are not needed beside it.
  // The answer has the `text`, blank where there can be none, and what there is to say of it.
  function onlyText(blocks, videos, most) {
    const rows = videos.map((video) => ({ clips: JSON.stringify(video.clips), parts: partsNamed(blocks, video) }));
    const entries = new Set(rows.map(({ parts }) => `    - {${parts.map((pair) => pair.map(scalar).join(": ")).join(", ")}}`));
    if (entries.size === 0) return { text: "", note: "" };
    if (entries.size > most) {
      const counts = [most, entries.size].map((count) => count.toLocaleString("en"));
      return { text: "", note: `variants.only takes ${counts[0]} combinations, these are ${counts[1]}: choose fewer, or write rules` };
    }
    // Where a combination of clips has several, each entry names its own; else it gets the one that its entry allows.
    const several = new Set(rows.map(({ clips }) => clips)).size < entries.size;
    const pools = ["track", "line"].filter((pool) => videos.some((video) => video[pool] !== null));
    const keys = pools.map((pool) => KEYS_OF_POOLS[pool]);
    if (videos.some(({ others }) => Object.keys(others).some((key) => !ALWAYS_COMBINED.includes(key)))) keys.push("text");
    const modes = several ? keys.map((key) => `    ${key}: product`) : [];
    const hidden = pools
      .filter((pool) => blocks.includes(KEYS_OF_POOLS[pool]))
      .map((pool) => `A block is called ${KEYS_OF_POOLS[pool]}, so the text cannot name a ${pool}: these clips may come with another. Rename the block.`);
    return { text: ["  variants:", ...modes, "    only:", ...entries].join("\n") + "\n", note: hidden.join("\n") };
  }

  const KEYS_OF_POOLS = { track: "music", line: "speech" };
  const ALWAYS_COMBINED = ["language", "row", "picture"]; // of the others, those that are no texts

  function partsNamed(blocks, { clips, track, line, others }) {
    const heard = Object.entries({ track, line }).filter(([, label]) => label !== null);
    const more = [...heard.map(([pool, label]) => [KEYS_OF_POOLS[pool], label]), ...Object.entries(others)];
    return [...blocks.map((block, place) => [block, clips[place]]), ...more.filter(([key]) => !blocks.includes(key))];
  }
