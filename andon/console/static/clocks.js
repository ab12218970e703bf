// Keeps "in 12 min" true while a page stays open. Without it the server's words stand.
(() => {
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
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
  const tick = () => {
    const now = Date.now();
    for (const one of document.querySelectorAll("[data-at]")) {
      const left = Math.trunc((Date.parse(one.dataset.at) - now) / 1000);
      one.textContent = left > 0 ? `in ${lasting(left)}` : left < 0 ? `${lasting(-left)} ago` : "now";
    }
    for (const one of document.querySelectorAll("[data-until]")) {
      const left = Math.trunc((Date.parse(one.dataset.until) - now) / 1000);
      one.textContent = left > 0 ? `${lasting(left)} left` : `${lasting(-left)} over time`;
    }
  };
  tick();
  setInterval(tick, 1000);
})();
