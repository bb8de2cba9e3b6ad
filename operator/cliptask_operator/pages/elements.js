  // How is an element found and made, and a number told? What every page's script begins with.

  const byId = (id) => document.getElementById(id);
  const make = (tag, className = "", text = "") => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    element.dir = "auto"; // others' words, of any script
    return element;
  };
  const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  const COLOURS = 12; // of the page's style; a group is known by its sign and its title as well
