  // ---- keys ----------------------------------------------------------------------------------------------------------------

  // In a tile, wherever the keyboard is in it.
  const TILE_KEYS = {
    x: (item) => pick(variantOf.get(item), !selected.has(variantOf.get(item)), false),
    X: (item) => pick(variantOf.get(item), true, true),
    p: toggleTile,
    ArrowLeft: (item) => goTo(item, -1),
    ArrowRight: (item) => goTo(item, 1),
    ArrowUp: (item) => goTo(item, -columns()),
    ArrowDown: (item) => goTo(item, columns()),
  };
  const PAGE_KEYS = {
    "/": () => {
      byId("search").focus();
      byId("search").select();
    },
    c: () => selected.size > 1 && openCompare([...selected].slice(0, 2)),
    e: openExport,
    "?": () => byId("keys").showModal(),
  };

  function columns() {
    const tops = [...byId("grid").children].map(({ offsetTop }) => offsetTop);
    const inFirstRow = tops.findIndex((top) => top > tops[0]);
    return inFirstRow < 0 ? tops.length : inFirstRow;
  }

  function goTo(item, by) {
    const tiles = byId("grid").children;
    tiles[[...tiles].indexOf(item) + by]?.querySelector(".poster").focus();
  }

  addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("textarea, video, input:not([type=checkbox])");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const item = event.target.closest("#grid .card");
    const act = (item && TILE_KEYS[event.key]) ?? PAGE_KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act(item);
  });
  byId("keys-open").addEventListener("click", PAGE_KEYS["?"]);
