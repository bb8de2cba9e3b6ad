  // ---- what is selected, as a table and as text for the task ------------------------------------------------------------

  // As index.csv (crds/cliptask/index.py): its columns after the clips, and an apostrophe before what a spreadsheet would run.
  const COLUMNS = {
    Track: ({ track }) => track,
    Line: ({ line }) => line,
    Form: ({ form }) => form,
    Text: ({ text }) => text,
    Synthetic: ({ synthetic }) => synthetic.join(" "),
    File: ({ file }) => file,
    Captions: ({ captions }) => captions,
    Pictures: ({ clips }) => picturesOf(clips),
    Seconds: ({ durationSeconds: value }) => (Number.isInteger(value) ? `${value}.0` : value),
    Frames: ({ frames }) => frames,
    Bytes: ({ sizeBytes }) => sizeBytes,
    Key: ({ key }) => key,
  };

  const picturesOf = (clips) =>
    clips
      .filter(({ picture }) => picture !== null)
      .map(({ picture }) => campaign.pictures[picture])
      .join(" ");

  const cell = (value) => {
    if (typeof value === "number") return String(value);
    const [first = ""] = value.replace(/^(?:(?!\ufeff)\s|[\u001c-\u001f\u0085])+/, ""); // what Python strips
    const safe = ["=", "+", "-", "@"].includes(first.normalize("NFKC")) || /^[\t\r\n]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  function tableText(some) {
    const own = Object.fromEntries(campaign.others.map(({ key, heading }) => [heading, ({ others }) => others[key]]));
    const named = [
      ["Name", ({ adName }) => adName],
      ["Utm", ({ utm }) => utm],
      ["Targets", ({ targets }) => targets.join(" ")],
    ].filter(([, of]) => variants.some(of));
    const { Track, Line, Form, ...rest } = COLUMNS;
    const columns = { Track, Line, Form, ...own, ...rest };
    const rows = some.map((variant) => [
      variant.name,
      ...named.map(([, of]) => of(variant) ?? ""),
      ...variant.clips.map(({ clip }) => clip),
      ...Object.values(columns).map((of) => of(variant) ?? ""),
    ]);
    const heads = ["Variant", ...named.map(([title]) => title), ...blocks, ...Object.keys(columns)];
    return [heads, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
  }

  const labelsOf = ({ clips, track, line, others }) => ({ clips: clips.map(({ clip }) => clip), track, line, others });
  const FORMATS = {
    "as-task": {
      file: `${campaign.task}-only.yaml`,
      type: "application/yaml",
      hint: "Goes below spec in the task, in place of its variants, and has exactly these videos made" + (forms.length ? ", each in every form." : "."),
      make: (some) => onlyText(blocks, some.map(labelsOf), campaign.mostChosen),
    },
    "as-csv": {
      file: `${campaign.task}-selected.csv`,
      type: "text/csv",
      hint: "As index.csv, for spreadsheets and ad platforms.",
      make: (some) => ({ text: tableText(some), note: "" }),
    },
  };
  const SHOWN = 100_000; // characters: more would take a browser seconds to lay out
  let exported = null;

  function drawExport() {
    const format = FORMATS[document.querySelector("[name=format]:checked").id];
    const { text, note } = format.make(variants.filter((variant) => selected.has(variant)));
    exported = { ...format, text };
    byId("export-title").textContent = `Export ${plural(selected.size, "video")}`;
    byId("export-hint").textContent = format.hint;
    const isLong = text.length > SHOWN;
    byId("export-text").textContent = isLong ? text.slice(0, text.lastIndexOf("\n", SHOWN) + 1) : text;
    byId("export-text").hidden = text === "";
    byId("export-note").textContent = isLong ? `${note} Only the beginning is shown.`.trim() : note;
    byId("export-note").hidden = byId("export-note").textContent === "";
    byId("export-copy").disabled = byId("export-save").disabled = text === "";
  }

  function openExport() {
    if (selected.size === 0) return;
    stopTile();
    drawExport();
    byId("export").showModal();
  }

  function save() {
    const bytes = exported.type === "text/csv" ? ["\ufeff", exported.text] : [exported.text]; // else Excel garbles umlauts
    const link = make("a");
    link.href = URL.createObjectURL(new Blob(bytes, { type: `${exported.type};charset=utf-8` }));
    link.download = exported.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // once it is read
  }

  byId("export-open").addEventListener("click", openExport);
  for (const input of document.querySelectorAll("[name=format]")) input.addEventListener("change", drawExport);
  byId("export-copy").addEventListener("click", () => {
    byId("export-text").textContent = exported.text; // all of it, to be selected where the clipboard is refused
    copy(byId("export-copy"), exported.text, byId("export-text"));
  });
  byId("export-save").addEventListener("click", save);
  byId("export-close").addEventListener("click", () => byId("export").close());
