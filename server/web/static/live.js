// Keeps the sections marked data-live fresh. Every page works without it.
"use strict";
(() => {
  const EVERY = 4000;
  if (!document.querySelector("[data-live]")) return;

  const words = (node) => node.textContent.replace(/\s+/g, " ").trim();

  // Whoever is about to press a button must not have it move away.
  const busy = (section) => {
    const at = document.activeElement;
    return section.matches(":active") || (section.contains(at) && at.closest("form") !== null);
  };

  const name = (node) =>
    [node.tagName, node.closest("details")?.id, node.getAttribute("href")].join(" ");

  const swap = (section, fresh) => {
    const open = new Set([...section.querySelectorAll("details[open][id]")].map((d) => d.id));
    const known = new Set([...section.querySelectorAll("li, article")].map(words));
    const at = section.contains(document.activeElement) ? name(document.activeElement) : null;
    section.replaceChildren(...fresh.childNodes);
    for (const details of section.querySelectorAll("details[id]")) {
      if (open.has(details.id)) details.open = true;
    }
    if (at !== null) {
      const same = [...section.querySelectorAll("a, summary")].find((node) => name(node) === at);
      same?.focus({ preventScroll: true });
    }
    for (const item of section.querySelectorAll(".moments > li, article")) {
      if (!known.has(words(item))) item.classList.add("fresh");
    }
  };

  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const section of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(section.id);
      if (fresh && !busy(section) && timeless(fresh) !== timeless(section)) swap(section, fresh);
    }
  };

  // "5 min ago" changes by itself; that alone is no news.
  const timeless = (section) => {
    const copy = section.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) time.textContent = "";
    return words(copy);
  };

  const again = () => setTimeout(() => look().catch(() => {}).finally(again), EVERY);
  again();
})();
