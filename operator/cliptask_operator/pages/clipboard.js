  // How does a text come into the clipboard? Where a browser refuses, the text is selected where it is shown.

  // `said` is what the button says, `place` the element that holds the text and nothing else.
  async function copy(said, text, place) {
    said.dataset.before ??= said.textContent;
    said.textContent = (await copied(text, place)) ? "Copied" : "Select and copy it";
    setTimeout(() => (said.textContent = said.dataset.before), 1500);
  }

  async function copied(text, place) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not over plain http from another machine, and not where a browser forbids it: there is the old way.
      getSelection().selectAllChildren(place);
      return document.execCommand("copy");
    }
  }
