// Moves the slider without loading the page anew. Without it the form, the links and the list do the same.
(() => {
  const line = document.querySelector("[data-replay]");
  if (!line) return;
  const place = line.dataset.replay;
  const slide = document.getElementById("slide");
  const said = document.getElementById("said");
  const stands = document.getElementById("stands");
  const last = Number(slide.max);
  const steps = {
    first: () => 1,
    previous: (now) => now - 1,
    next: (now) => now + 1,
    last: () => last,
  };
  let asked = null;
  slide.form.querySelector("button").hidden = true;

  const aim = (at) => {
    for (const link of line.querySelectorAll("[data-step]")) {
      const to = steps[link.dataset.step](at);
      const able = to >= 1 && to <= last && to !== at;
      if (able) {
        link.href = `${place}?moment=${to}`;
        link.removeAttribute("aria-disabled");
      } else {
        link.removeAttribute("href");
        link.setAttribute("aria-disabled", "true");
      }
    }
  };

  const show = (part) => {
    const { name, words, x } = part.dataset;
    document.getElementById("moment").replaceWith(part);
    const at = Number(part.dataset.place);
    if (Number(slide.value) !== at) slide.value = String(at);
    slide.setAttribute("aria-valuetext", words);
    said.textContent = words;
    for (const end of ["x1", "x2"]) stands.setAttribute(end, x);
    const mark = document.getElementById("mark");
    if ([...mark.options].some((one) => one.value === name)) mark.value = name;
    aim(at);
    return `${place}?at=${encodeURIComponent(name)}`;
  };

  const go = async (query, kept) => {
    asked?.abort();
    const mine = new AbortController();
    asked = mine;
    try {
      const answer = await fetch(`${place}?${query}&part=true`, { signal: mine.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const part = page.getElementById("moment");
      // The session ended, or the server can't: the whole page says it better.
      if (!answer.ok || !part) throw new Error("no moment");
      const link = show(document.adoptNode(part));
      if (kept) history.pushState(null, "", link);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(`${place}?${query}`);
    }
  };

  slide.addEventListener("input", () => {
    slide.setAttribute("aria-valuetext", `Moment ${slide.value} of ${last}`);
    stands.setAttribute("x1", String((1000 * (slide.value - 1)) / Math.max(1, last - 1)));
    stands.setAttribute("x2", stands.getAttribute("x1"));
  });
  slide.addEventListener("change", () => go(`moment=${slide.value}`, true));
  line.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-step][href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(new URL(link.href).searchParams.toString(), true);
  });
  document.getElementById("mark").addEventListener("change", (event) => {
    go(`at=${encodeURIComponent(event.target.value)}`, true);
  });
  addEventListener("popstate", () => {
    const query = new URL(location.href).searchParams.toString();
    go(query || `moment=${last}`, false);
  });
})();
