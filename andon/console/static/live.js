// Keeps an open page right: hears that something changed, fetches the page again, and changes what differs.
// Without it the page stands as it was opened. The rules of when to fetch are those of live_rules.py.
(() => {
  const main = document.querySelector("main[data-live]");
  const line = document.getElementById("live");
  const news = document.getElementById("news");
  if (!main || !line || !news || !window.EventSource) return;
  const silence = 40_000; // without a sign of life for so long, a connection is lost; the server gives one in 15 s
  const patience = 20_000;
  const least = 250; // between two fetches
  const askedAgain = 60_000; // a console that takes no more streams is not asked for pages instead
  const marked = 6_000;
  const place = location.pathname;
  let shown = main.dataset.live; // the state that this page shows
  let wanted = shown; // the state that the server told of
  let stream = null;
  let heard = 0;
  let spread = 0;
  let fetched = -Infinity;
  let fetching = false;
  let waiting = 0;
  let lost = 0;
  let over = false;
  let right = new Date(); // when this page was last known to show what is so

  const say = (text, tone = "") => {
    line.hidden = false;
    line.className = `live ${tone}`;
    if (line.textContent !== text) line.textContent = text;
  };
  const clock = (at) => {
    const form = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
    try {
      return at.toLocaleTimeString("en-GB", { ...form, timeZone: line.dataset.zone });
    } catch {
      return at.toLocaleTimeString("en-GB", form);
    }
  };
  const offer = (text, label, act) => {
    const words = document.createElement("p");
    words.textContent = text;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", act);
    news.className = "news up";
    news.replaceChildren(words, button);
  };
  const gone = () => {
    over = true;
    stop();
    line.hidden = true;
    offer(`You are no longer signed in. What is shown here is from ${clock(right)}.`, "Sign in again", () => {
      location.href = `/sign-in?next=${encodeURIComponent(place)}`;
    });
  };

  // --- Changing what differs ---------------------------------------------------------------------------------

  // What somebody typed, chose or sent is theirs: such a form is never touched.
  const sent = new WeakSet();
  document.addEventListener("submit", (event) => sent.add(event.target), true);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // brought back by the back button, as it was then
  });
  const typing = (one) => one.matches("textarea, select, input:not([type=submit], [type=button])");
  const altered = (one) => {
    if (one.matches("select")) {
      const preset = [...one.options].findIndex((option) => option.defaultSelected);
      return one.selectedIndex !== Math.max(preset, 0);
    }
    if (one.matches("[type=checkbox], [type=radio]")) return one.checked !== one.defaultChecked;
    if (one.matches("[type=hidden], [type=submit], [type=button], button, fieldset, output")) return false;
    return one.value !== one.defaultValue;
  };
  const begun = (form) =>
    sent.has(form) ||
    (form.contains(document.activeElement) && typing(document.activeElement)) ||
    [...form.elements].some(altered);
  // A form of which only the key and the token of this session differ is the same form.
  const bare = (form) => {
    const copy = form.cloneNode(true);
    for (const one of copy.querySelectorAll("input[name=key], input[name=csrf]")) one.removeAttribute("value");
    for (const one of copy.querySelectorAll("details[open]")) one.removeAttribute("open");
    return copy;
  };

  const kept = (one, name) =>
    (name === "open" && one.matches("details")) || (name === "value" && one.matches("input[name=key], input[name=csrf]"));
  const text = (node) => (node.nodeType === 1 ? node.outerHTML.replaceAll(' open=""', "") : node.nodeValue);
  const named = (node) => {
    if (node.nodeType !== 1) return "";
    const link = node.matches("li, tr") ? node.querySelector("a[href]") : null;
    const name = node.id || node.getAttribute("aria-labelledby") || (link ? link.getAttribute("href") : "");
    return name ? `${node.nodeName} ${name}` : "";
  };
  const by = (nodes, key) => {
    const found = new Map();
    for (const one of nodes) {
      const name = key(one);
      if (name) found.set(name, [...(found.get(name) || []), one]);
    }
    return found;
  };
  // Pairs old children with fresh ones: by name, then by being equal, then in order.
  const paired = (olds, fresh) => {
    const pairs = new Map();
    const free = new Set(olds);
    const join = (one, old) => {
      pairs.set(one, old);
      free.delete(old);
    };
    const oldNamed = by(olds, named);
    for (const [name, ones] of by(fresh, named)) {
      const found = oldNamed.get(name) || [];
      if (ones.length === 1 && found.length === 1) join(ones[0], found[0]);
    }
    const equal = by([...free], (node) => `${node.nodeName} ${text(node)}`);
    for (const one of fresh) {
      if (pairs.has(one)) continue;
      const old = (equal.get(`${one.nodeName} ${text(one)}`) || []).shift();
      if (old) join(one, old);
    }
    for (const one of fresh) {
      if (pairs.has(one) || named(one)) continue;
      const old = [...free].find((left) => left.nodeName === one.nodeName && !named(left));
      if (old) join(one, old);
    }
    return { pairs, free };
  };

  const patch = (root, fresh) => {
    const changed = new Set();
    const held = [];
    const note = (node) => {
      const one = node.nodeType === 1 ? node : node.parentElement;
      if (one && one !== main) changed.add(one.closest("li, tr, dl > div, p, h1, h2, h3") || one);
    };
    const children = (old, next) => {
      const { pairs, free } = paired([...old.childNodes], [...next.childNodes]);
      for (const one of free) {
        if (one.nodeType === 1 && [one, ...one.querySelectorAll("form")].some((form) => form.matches("form") && begun(form))) {
          held.push(one); // its question is gone, the words are not
          continue;
        }
        if (one.nodeType === 1 || one.nodeValue.trim()) note(old);
        one.remove();
      }
      let at = old.firstChild;
      const pass = () => {
        while (held.includes(at)) at = at.nextSibling;
      };
      for (const one of [...next.childNodes]) {
        pass();
        const mate = pairs.get(one);
        const node = mate || document.importNode(one, true);
        if (node === at) at = at.nextSibling;
        else old.insertBefore(node, at);
        if (mate) merge(mate, one);
        else if (node.nodeType === 1 || node.nodeValue.trim()) note(node);
      }
    };
    const merge = (old, next) => {
      if (old.isEqualNode(next)) return;
      if (old.nodeType !== 1) {
        old.nodeValue = next.nodeValue;
        note(old);
        return;
      }
      if (old.matches("form") && begun(old)) {
        if (!bare(old).isEqualNode(bare(next))) held.push(old);
        return;
      }
      for (const { name } of [...old.attributes])
        if (!next.hasAttribute(name) && !kept(old, name)) old.removeAttribute(name);
      for (const { name, value } of [...next.attributes])
        if (old.getAttribute(name) !== value && !kept(old, name)) old.setAttribute(name, value);
      children(old, next);
    };
    children(root, fresh);
    return { changed, held };
  };

  const unmark = () => {
    for (const one of document.querySelectorAll("[data-fresh]")) one.removeAttribute("data-fresh");
  };
  let unmarking = 0;
  const mark = (changed) => {
    clearTimeout(unmarking);
    for (const one of changed) one.setAttribute("data-fresh", "");
    unmarking = setTimeout(unmark, marked);
  };
  const sections = (changed) => {
    const found = [...changed].map((one) => one.closest("section")?.querySelector("h1, h2, h3") || main.querySelector("h1"));
    return [...new Set(found.map((one) => one?.textContent.trim()).filter(Boolean))].slice(0, 4);
  };

  const show = (fresh, title) => {
    unmark();
    document.dispatchEvent(new CustomEvent("andon:fresh", { detail: fresh }));
    const focused = document.activeElement;
    // What the reader looks at stays where it is, whatever grows above it.
    const anchor = main.contains(focused) && focused !== main ? focused : document.elementFromPoint(innerWidth / 2, 90);
    const before = scrollY > 0 && main.contains(anchor) && anchor !== main ? anchor.getBoundingClientRect().top : null;
    const { changed, held } = patch(main, fresh);
    shown = main.dataset.live = fresh.dataset.live;
    right = new Date();
    document.title = title;
    if (focused !== document.activeElement)
      (focused.isConnected ? focused : main).focus({ preventScroll: true });
    if (before !== null && anchor.isConnected)
      scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
    mark(changed);
    if (held.length)
      offer("This page has changed. What you began to fill in was left as it is.", "Show the page as it is now", () => {
        if (confirmed()) location.reload();
      });
    else if (changed.size) {
      const words = document.createElement("p");
      words.className = "unseen";
      words.textContent = `Changed: ${sections(changed).join(", ")}.`;
      news.className = "news";
      news.replaceChildren(words);
    }
  };
  // The second press shows it: the first says what that costs.
  let asked = false;
  const confirmed = () => {
    if (asked) return true;
    asked = true;
    news.querySelector("p").textContent = "What you typed goes away then. Copy it first if you need it.";
    news.querySelector("button").textContent = "Show it all the same";
    return false;
  };

  // --- Fetching ----------------------------------------------------------------------------------------------

  const bring = async () => {
    waiting = 0;
    fetching = true;
    const told = wanted;
    try {
      const answer = await fetch(location.href, {
        headers: { "Andon-Live": "1" },
        cache: "no-store",
        signal: AbortSignal.timeout(patience),
      });
      if (answer.status >= 500) throw new Error(`status ${answer.status}`);
      const landed = new URL(answer.url).pathname;
      if (landed === "/sign-in") return gone();
      if (!answer.ok || landed !== place) {
        over = true;
        stop();
        line.hidden = true;
        return offer("This page is another one now.", "Show it", () => location.reload());
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main[data-live]");
      if (fresh) show(fresh, page.title);
      if (wanted === told) wanted = shown;
    } catch {
      lose();
      wait(1_000 + Math.random() * 3_000);
    } finally {
      fetching = false;
      fetched = performance.now();
    }
    hurry();
  };
  const wait = (milliseconds) => {
    if (!waiting) waiting = setTimeout(bring, milliseconds);
  };
  // One reader fetches at once. Many are spread, and each of them fetches once in that time.
  const hurry = () => {
    if (wanted === shown || fetching || waiting || over || document.hidden) return;
    const rest = fetched + Math.max(least, spread) - performance.now();
    wait(Math.max(Math.random() * spread, rest, 0));
  };

  // --- The stream --------------------------------------------------------------------------------------------

  const lose = () => {
    if (lost || over) return;
    const at = new Date();
    // A console that starts again is back in a moment, which is nothing to tell anybody.
    lost = setTimeout(() => say(`Connection lost at ${clock(at)}; what you see may be old.`, "bad"), 2_000);
  };
  const found = () => {
    clearTimeout(lost);
    lost = 0;
    if (wanted === shown) right = new Date();
    say("Live", "good");
  };
  const stop = () => {
    if (stream) stream.close();
    stream = null;
  };
  const start = () => {
    if (stream || over || document.hidden) return;
    heard = Date.now();
    const opened = new EventSource(`/live?of=${encodeURIComponent(place)}&since=${encodeURIComponent(shown)}`);
    stream = opened;
    opened.addEventListener("beat", (event) => {
      const { now, spread: wide } = JSON.parse(event.data);
      heard = Date.now();
      spread = wide;
      document.dispatchEvent(new CustomEvent("andon:now", { detail: now }));
      found();
    });
    opened.addEventListener("changed", (event) => {
      heard = Date.now();
      spread = JSON.parse(event.data).spread;
      wanted = event.lastEventId;
      hurry();
    });
    opened.addEventListener("over", (event) => {
      stop();
      if (JSON.parse(event.data).why === "elsewhere") {
        say("Not live: you look at others of your pages. Come back to this one, and it is.");
        return;
      }
      // The session has ended, or goes on under another name: the page itself says which.
      wanted = "";
      hurry();
      setTimeout(start, 1_000);
    });
    opened.onerror = () => {
      lose();
      if (opened.readyState !== EventSource.CLOSED || stream !== opened) return;
      stop();
      // It was refused. Whether that is because nobody is signed in any more, the page itself says.
      if (performance.now() - fetched > askedAgain) {
        wanted = "";
        hurry();
      }
      setTimeout(start, 5_000 + Math.random() * 10_000);
    };
  };

  setInterval(() => {
    if (!stream || Date.now() - heard < silence) return;
    stop();
    lose();
    start();
  }, 5_000);
  // A page out of sight holds no connection; when it is looked at again, it is told what it missed.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else {
      start();
      hurry();
    }
  });
  for (const name of ["focus", "online"]) window.addEventListener(name, start);
  // A deadline that has passed changes what is late, and what comes first.
  document.addEventListener("andon:turned", () => {
    wanted = "";
    hurry();
  });
  document.documentElement.classList.add("lives");
  start();
})();
