// On the 503 page: ask until the servers are back, then open the same address again (never a form a second time).
"use strict";

const EVERY_MS = 5000;

async function retry() {
  try {
    if ((await fetch("/readyz", { cache: "no-store" })).ok) {
      location.replace(location.href);
      return;
    }
  } catch {
    // Not even the web server answers yet.
  }
  setTimeout(retry, EVERY_MS);
}

setTimeout(retry, EVERY_MS);
