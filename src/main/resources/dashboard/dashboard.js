// SPDX-License-Identifier: Apache-2.0
// Loaded in the head, so that nothing is painted that goes away at once. Pages work without it.
const root = document.documentElement;
const find = (selector) => document.querySelector(selector);
const choose = (theme) => {
  document.cookie = `maglatch_theme=${theme}; Max-Age=31536000; Path=/dashboard; SameSite=Strict`;
  root.dataset.bsTheme = theme;
  find(`[data-theme-choice]:not([value=${theme}])`).focus(); // the one that was pressed is gone
};
root.classList.add("js");

const say = (text) => { find("#said").textContent = text; };
const ask = () => find("#sure").showModal();
const close = () => (find("#modal [data-secret]") ? ask() : find("#modal").close());
const copy = async (from) => {
  const text = find(from).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // an origin without https has no clipboard
    getSelection().selectAllChildren(find(from));
    document.execCommand("copy");
  }
  say("Copied to the clipboard.");
};
const download = (name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${name}=${find("[data-secret]").textContent}\n`], { type: "application/octet-stream" }));
  link.download = "maglatch.env"; // browsers drop a leading dot
  link.click();
  URL.revokeObjectURL(link.href);
  say("Downloaded as maglatch.env.");
};
const tryIt = async (path) => {
  const headers = { Authorization: `Bearer ${find("[data-secret]").textContent}` };
  const answer = await fetch(path, { headers, credentials: "omit" }).catch(() => null);
  say(answer?.ok ? "The gateway accepts this key." : `The gateway answered ${answer?.status ?? "nothing"}.`);
};

document.addEventListener("click", (event) => {
  const on = event.target.closest("[data-copy],[data-download],[data-try],[data-close],[data-stay],[data-leave],[data-theme-choice]");
  const to = on?.dataset ?? {};
  if (to.copy) copy(to.copy);
  if (to.download) download(to.download);
  if (to.try) tryIt(to.try);
  if ("stay" in to) find("#sure").close();
  if ("leave" in to) { find("#sure").close(); find("#modal").close(); }
  if ("close" in to && on.closest("#modal")) { event.preventDefault(); close(); }
  if ("themeChoice" in to) { event.preventDefault(); choose(on.value); }
});
document.addEventListener("cancel", (event) => { if (event.target.id === "modal") { event.preventDefault(); close(); } }, true);
document.addEventListener("close", (event) => {
  if (event.target.id !== "modal") return;
  const changed = event.target.querySelector("[data-changed]");
  event.target.replaceChildren();
  if (changed) location.reload();
}, true);
document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "modal" && !event.target.open) event.target.showModal(); });
const broken = () => {
  const place = find("#modal[open] #trouble") ?? find("#broken"); // a form stays as it is filled in
  place.textContent = find("#broken").textContent;
  place.hidden = false;
};
for (const failure of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(failure, broken);
addEventListener("beforeunload", (event) => { if (find("[data-secret]")) event.preventDefault(); });
