// Keeps "in 12 min" true while a page stays open, by the server's clock: a phone's own may be wrong.
// Without it the server's words stand.
(() => {
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  const soon = 900; // seconds, as in screens/moments.py
  const marks = { over: "!", soon: "▲", calm: "" };
  // How far the server's clock is ahead of this machine's. The page was written just before its first byte came.
  const [page] = performance.getEntriesByType("navigation");
  const since = performance.now() - (page ? page.responseStart : performance.now());
  let ahead = document.body.dataset.now ? Number(document.body.dataset.now) + since - Date.now() : 0;
  const lasting = (seconds) => {
    if (seconds < 60) return `${seconds} s`;
    const parts = [];
    let left = seconds;
    for (const [size, name] of units) {
      const count = Math.floor(left / size);
      left %= size;
      if (count) parts.push(`${count} ${name}`);
      else if (parts.length) break;
    }
    return parts.slice(0, 2).join(" ");
  };
  const say = (one, text) => {
    if (one.textContent !== text) one.textContent = text;
  };
  // Gives a clock the class and mark of its state; returns whether it came into another one.
  const turn = (clock, left) => {
    const state = left <= 0 ? "over" : left <= soon * 1000 ? "soon" : "calm";
    if (!clock || clock.classList.contains(state)) return false;
    clock.classList.remove(...Object.keys(marks));
    clock.classList.add(state);
    const mark = clock.querySelector("[aria-hidden]");
    if (mark) mark.textContent = marks[state];
    else if (marks[state]) {
      const made = document.createElement("span");
      made.setAttribute("aria-hidden", "true");
      made.textContent = marks[state];
      clock.prepend(made, " ");
    }
    return true;
  };
  const tick = (root) => {
    const now = Date.now() + ahead;
    let turned = false;
    for (const one of root.querySelectorAll("[data-at]")) {
      const left = Math.trunc((Date.parse(one.dataset.at) - now) / 1000);
      say(one, left > 0 ? `in ${lasting(left)}` : left < 0 ? `${lasting(-left)} ago` : "now");
    }
    for (const one of root.querySelectorAll("[data-until]")) {
      const left = Math.trunc((Date.parse(one.dataset.until) - now) / 1000);
      say(one, left > 0 ? `${lasting(left)} left` : `${lasting(-left)} over time`);
      turned = turn(one.closest(".clock"), Date.parse(one.dataset.until) - now) || turned;
    }
    return turned;
  };
  const beat = () => {
    if (tick(document)) document.dispatchEvent(new Event("andon:turned"));
  };
  document.addEventListener("andon:now", (event) => {
    ahead = event.detail - Date.now();
  });
  // Has a fresh page say the same as this one at this moment, so that only what differs is seen to.
  document.addEventListener("andon:fresh", (event) => {
    tick(document);
    tick(event.detail);
  });
  beat();
  setInterval(beat, 1000);
})();
