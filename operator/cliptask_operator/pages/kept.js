  // What does a tab know again after a reload? Lists of texts; a browser that keeps nothing for the page keeps none.

  function kept(name) {
    try {
      const value = JSON.parse(sessionStorage.getItem(name) ?? "[]");
      return Array.isArray(value) ? value : [];
    } catch {
      return [];
    }
  }

  function keep(name, texts) {
    try {
      sessionStorage.setItem(name, JSON.stringify(texts));
    } catch {
      // Refused, or more than there is room for: it lasts until the page is closed.
    }
  }
