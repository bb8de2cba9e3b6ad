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
      return [variant, plain([variant.name, variant.adName ?? "", variant.text ?? "", ...variant.titles, ...labels].join("\n"))];
    }),
  );
  // Of WebVTT, what is read: the lines below a cue's times. Videos share captions, so each text is taken once.
  const read = (captions) =>
    captions
      .split(/\r?\n[^\S\n]*\r?\n/)
      .flatMap((block) => {
        const lines = block.split(/\r?\n/);
        return lines.slice(lines.findIndex((line) => line.includes("-->")) + 1 || lines.length);
      })
      .join("\n")
      .replace(/<[^>]*>/g, "")
      .replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);
  const said = new Map(Object.entries(campaign.captionTexts).map(([file, text]) => [file, plain(read(text))]));
  const holds = (variant, word) =>
    haystacks.get(variant).includes(word) || (said.get(variant.captions) ?? "").includes(word);
  const found = (variant) => (!alone || selected.has(variant)) && words.every((word) => holds(variant, word));
  const fits = (variant, group) => group.chosen.size === 0 || group.all(variant).some((value) => group.chosen.has(value));

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
          for (const value of group.all(variant)) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      for (const [value, chip] of group.chips) {
        chip.setAttribute("aria-pressed", String(group.chosen.has(value)));
        chip.classList.toggle("none", !counts.has(value));
        chip.lastChild.textContent = counts.get(value) ?? 0;
      }
    }
    const active = groups.reduce((sum, group) => sum + group.chosen.size, 0) + (words.length ? 1 : 0);
    byId("active").textContent = active;
    byId("active").hidden = active === 0;
    byId("clear").hidden = active === 0 && !alone;
    byId("count").replaceChildren(
      make("b", "", shown.length.toLocaleString("en")),
      ` of ${plural(variants.length, "video")}`,
    );
    byId("empty").hidden = shown.length > 0;
    stopTile();
    byId("grid").replaceChildren();
    addCards();
    drawSelection();
    writeLink();
  }

  function clear() {
    for (const group of groups) group.chosen.clear();
    byId("search").value = "";
    words = [];
    showAlone(false);
  }
