// SPDX-License-Identifier: Apache-2.0
// Loaded in the head, so that nothing is painted that goes away at once. Pages work without it.
const root = document.documentElement;
const find = (selector) => document.querySelector(selector);
root.classList.add("js");
const choose = (theme) => {
  document.cookie = `maglatch_theme=${theme}; Max-Age=31536000; Path=/dashboard; SameSite=Strict`;
  root.dataset.bsTheme = theme;
  find(`[data-theme-choice]:not([value=${theme}])`).focus(); // the one that was pressed is gone
};

const say = (text) => { find("#said").textContent = text; };
const close = () => (find("#modal [data-secret]") ? find("#sure").showModal() : find("#modal").close());
const copy = async (from) => {
  let copied = true;
  try {
    await navigator.clipboard.writeText(find(from).textContent);
  } catch { // an origin without https has no clipboard
    getSelection().selectAllChildren(find(from));
    copied = document.execCommand("copy");
  }
  say(copied ? "Copied to the clipboard." : "The browser did not copy it. It is selected now: copy it yourself.");
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
  const on = event.target.closest("a, button");
  const to = on?.dataset ?? {};
  if (to.copy) copy(to.copy);
  if (to.download) download(to.download);
  if (to.try) tryIt(to.try);
  if ("leave" in to) { find("#sure").close(); find("#modal").close(); }
  if ("close" in to && on.closest("#modal")) { event.preventDefault(); close(); }
  if ("themeChoice" in to) { event.preventDefault(); choose(on.value); }
});
const guard = (event) => {
  if (find("#modal[open] [data-secret]") && !find("#sure[open]")) { event.preventDefault(); close(); }
};
document.addEventListener("cancel", guard, true); // which browsers send once for each click, so not for every Escape
document.addEventListener("keydown", (event) => { if (event.key === "Escape") guard(event); });
document.addEventListener("close", ({ target }) => {
  if (target.id !== "modal") return;
  const changed = target.querySelector("[data-changed]");
  target.replaceChildren();
  if (changed) htmx.ajax("GET", location.href, { target: "#content", select: "#content", swap: "outerHTML" });
}, true);
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id === "modal" && !target.open) target.showModal();
  target.querySelector("[aria-invalid]")?.focus();
  if (document.activeElement === document.body) (find("[open] #modal-title") ?? find("#content")).focus({ preventScroll: true });
});
const broken = (is) => { for (const place of document.querySelectorAll(".broken")) place.hidden = !is; };
for (const failure of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(failure, () => broken(true));
document.addEventListener("htmx:beforeSend", () => broken(false));
addEventListener("beforeunload", (event) => { if (find("[data-secret]")) event.preventDefault(); });
