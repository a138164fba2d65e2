// The niceties. Every page works without this file, except that dialogs and toasts become plain pages.
"use strict";

const SPRITE = document.currentScript.dataset.sprite;
const TOAST_ICONS = { success: "check-circle-filled", warning: "warning-filled", error: "error-legacy-filled", info: "info-circle-filled" };
const TOAST_MS = 8000;
const PROBE_MS = 3000;

// -- Toasts ------------------------------------------------------------------------------------------------------
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

function toastElement(level, message) {
  const known = level in TOAST_ICONS ? level : "info";
  const toast = document.createElement("div");
  toast.className = `toast toast--${known}`;
  toast.dataset.toast = known;
  const text = document.createElement("p");
  text.className = "toast__text";
  text.textContent = message;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button--ghost button--icon button--small";
  close.dataset.dismiss = "";
  close.setAttribute("aria-label", "Dismiss");
  close.append(icon("cancel"));
  toast.append(icon(TOAST_ICONS[known]), text, close);
  return toast;
}

// Errors stay until dismissed; the rest leaves by itself, but not while it is being read.
function leaveLater(toast) {
  if (toast.dataset.toast === "error") return;
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) leaveLater(toast);
    else toast.remove();
  }, TOAST_MS);
}

function showToast(level, message) {
  const region = document.getElementById("toasts");
  if (!region || !message) return;
  const toast = toastElement(level, message);
  region.append(toast);
  leaveLater(toast);
}

// Enter in a field with data-presses presses that button instead of the form's first one.
document.addEventListener("keydown", (event) => {
  const button = event.key === "Enter" && event.target.dataset?.presses;
  if (!button) return;
  event.preventDefault();
  document.querySelector(button)?.click();
});

document.addEventListener("toast", (event) => showToast(event.detail.level, event.detail.message));

// -- A lost server -----------------------------------------------------------------------------------------------
let probing = false;

function showLost(lost) {
  const notice = document.getElementById("lost-server");
  if (notice) notice.hidden = !lost;
}

async function probe() {
  let back = false;
  try {
    back = (await fetch("/readyz", { cache: "no-store" })).ok;
  } catch {
    back = false;
  }
  if (!back) {
    setTimeout(probe, PROBE_MS);
    return;
  }
  probing = false;
  showLost(false);
  showToast("success", "The connection is back. Please try again what did not work.");
}

function serverLost() {
  showLost(true);
  if (probing) return;
  probing = true;
  setTimeout(probe, PROBE_MS);
}

document.addEventListener("htmx:sendError", serverLost);
document.addEventListener("htmx:timeout", serverLost);
document.addEventListener("htmx:responseError", (event) => {
  const xhr = event.detail.xhr;
  if (xhr.status === 503 || xhr.status === 502 || xhr.status === 504) serverLost();
  else if (!(xhr.getResponseHeader("HX-Trigger") || "").includes("toast")) showToast("error", explain(xhr.status));
});

// A whole page where a part was asked for: the sign-in page after a lost session, or a wrong address. Never nest it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig, boosted } = event.detail;
  if (boosted || requestConfig?.elt.closest("[hx-select]") || !/^\s*<!doctype/i.test(xhr.responseText)) return;
  event.detail.shouldSwap = false;
  showToast("warning", "This part could not be shown. Reload the page; you may have to sign in again.");
});

function explain(status) {
  if (status === 403) return "You are not allowed to do that. Reload the page to see what you may do.";
  if (status === 404) return "That no longer exists. Reload the page to see what is there now.";
  if (status === 409) return "Someone changed this in the meantime. Reload the page and try again.";
  if (status === 429) return "That was too often. Wait a minute and try again.";
  if (status >= 500) return "Something went wrong on our side. Nothing was changed; please try again.";
  return "That did not work. Check what you entered and try again.";
}

// -- Back and reload in a wizard -----------------------------------------------------------------------------------
// A page that came back with errors was answered to a POST: Back and reload would only offer to send it again. Its GET
// shows the same draft, so that is what the history keeps.
if (document.querySelector(".wizard")) history.replaceState(history.state, "", location.href);

// -- Copy --------------------------------------------------------------------------------------------------------
async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    showToast("success", button.dataset.copied || "Copied.");
  } catch {
    showToast("warning", "Your browser did not allow copying. Select the text and copy it by hand.");
  }
}

// -- Theme -------------------------------------------------------------------------------------------------------
function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function switchTheme() {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("portal-theme", next);
  } catch {
    // The choice then lasts for this page only.
  }
}

// -- Details panel -----------------------------------------------------------------------------------------------
let panelOpener = null;

function markCurrent(link) {
  for (const old of document.querySelectorAll('a[hx-target="#panel"][aria-current]')) old.removeAttribute("aria-current");
  if (link) link.setAttribute("aria-current", "true");
}

function closePanel(link) {
  const panel = document.getElementById("panel");
  const opener = panelOpener?.isConnected ? panelOpener : document.querySelector('a[hx-target="#panel"][aria-current]');
  panel.replaceChildren();
  markCurrent(null);
  history.pushState({ htmx: true }, "", link.href);
  (opener || document.getElementById("main"))?.focus();
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "panel") return;
  const link = event.detail.requestConfig.elt;
  if (link.matches('a[hx-target="#panel"]')) {
    panelOpener = link;
    markCurrent(link);
    event.detail.target.querySelector("[data-panel-title]")?.focus();
  }
});

// -- Menus: placed under the button that opened them ---------------------------------------------------------------
function placeMenu(menu) {
  const opener = document.querySelector(`[popovertarget="${menu.id}"]`);
  if (!opener) return;
  const box = opener.getBoundingClientRect();
  const below = box.bottom + 4 + menu.offsetHeight <= innerHeight;
  menu.style.inset = "auto";
  menu.style.top = `${below ? box.bottom + 4 : Math.max(4, box.top - 4 - menu.offsetHeight)}px`;
  menu.style.left = `${Math.min(Math.max(8, box.right - menu.offsetWidth), innerWidth - menu.offsetWidth - 8)}px`;
}

document.addEventListener("toggle", (event) => {
  if (event.newState === "open" && event.target.matches(".menu[popover]")) placeMenu(event.target);
}, true);

// -- One listener for what is clicked ------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy], [data-dismiss], [data-theme-switch], [data-dialog-open], [data-dialog-close], [data-panel-close], .menu__item");
  if (!target) return;
  if ("copy" in target.dataset) copy(target);
  if ("dismiss" in target.dataset) target.closest("[data-toast], [data-dismissible]")?.remove();
  if ("themeSwitch" in target.dataset) switchTheme();
  if ("dialogOpen" in target.dataset) openDialog(target, event);
  if ("dialogClose" in target.dataset) target.closest("dialog")?.close();
  if (target.matches(".menu__item")) target.closest("[popover]")?.hidePopover();
  if ("panelClose" in target.dataset && target.closest("#panel") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    closePanel(target);
  }
});

function openDialog(opener, event) {
  const dialog = document.querySelector(opener.dataset.dialogOpen);
  if (!dialog || dialog.open) return;
  event.preventDefault();
  dialog.showModal();
}

// The reason of a greyed button goes away on Escape, and comes again with the next visit.
function hush(greyed) {
  greyed.dataset.hushed = "";
  for (const leaving of ["mouseleave", "focusout"]) {
    greyed.addEventListener(leaving, () => delete greyed.dataset.hushed, { once: true });
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const greyed = document.querySelector(".greyed:is(:hover, :focus-within):not([data-hushed])");
  if (greyed) {
    hush(greyed);
    return;
  }
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  document.querySelector("#panel [data-panel-close]")?.click();
});

// Fires once for the page and again for every part that htmx puts into it.
document.addEventListener("htmx:load", (event) => {
  const part = event.detail.elt;
  part.querySelectorAll("[data-toast]").forEach(leaveLater);
  const first = part.matches("[data-focus-first]") ? part : part.querySelector("[data-focus-first]");
  first?.focus();
});
