// A form is sent once however fast it is clicked, and a page that the browser kept is asked for anew.
// The console sees to both by itself as well: the same key counts once, and a stale page is refused.
(() => {
  const apart = 3000;

  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  for (const form of document.querySelectorAll("form[data-once]")) {
    let sent = -apart;
    form.addEventListener("submit", (event) => {
      if (event.timeStamp - sent < apart) event.preventDefault();
      else sent = event.timeStamp;
    });
  }
})();
