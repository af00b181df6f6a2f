"use strict";
/* Sort buttons: added here, so that a reader without scripts sees plain headings. Totals stay at the foot. */
for (const tavola of document.querySelectorAll("table.tavola")) {
  const corpo = tavola.tBodies[0];
  if (corpo.rows.length < 2) continue;
  const origine = [...corpo.rows];
  const testate = [...tavola.querySelectorAll("thead th.ordina")].map((th) => [Number(th.dataset.c), th]);
  for (const [colonna, th] of testate) {
    const bottone = document.createElement("button");
    bottone.type = "button";
    bottone.append(...th.childNodes);
    th.append(bottone);
    bottone.addEventListener("click", () => {
      const verso = { ascending: "descending", descending: null }[th.ariaSort] ?? (th.ariaSort ? null : "ascending");
      for (const [, altra] of testate) altra.removeAttribute("aria-sort");
      const righe = [...origine];
      if (verso) {
        th.setAttribute("aria-sort", verso);
        righe.sort((a, b) => confronta(a.cells[colonna], b.cells[colonna], verso === "ascending" ? 1 : -1));
      }
      corpo.append(...righe);
    });
  }
}
function confronta(a, b, verso) {
  /* Numbers by value, texts in Italian order; blanks and "n.c." last either way. */
  const [x, y] = [a, b].map((c) => (c.dataset.v !== undefined && c.dataset.v.trim() !== "" && !isNaN(c.dataset.v) ? Number(c.dataset.v) : null));
  if (a.classList.contains("n")) return x === null || y === null ? (x === null) - (y === null) : verso * (x - y);
  return verso * a.textContent.localeCompare(b.textContent, "it");
}
/* A word above the tables that are wider than their place. */
for (const area of document.querySelectorAll(".scorri")) {
  const parola = document.createElement("p");
  parola.className = "suggerimento";
  parola.textContent = "Scorrere la tavola di lato per vedere tutte le colonne →";
  area.before(parola);
  new ResizeObserver(() => { parola.hidden = area.scrollWidth <= area.clientWidth; }).observe(area);
}
/* Tooltips of chart marks: on pointer or touch, near enough to move onto; Escape or another place closes them. The same figures are in the table below each chart. */
const fumetto = document.createElement("div");
fumetto.className = "fumetto";
fumetto.hidden = true;
fumetto.setAttribute("aria-hidden", "true");
document.body.append(fumetto);
function vicino(evento) {
  /* The mark under the pointer, or the nearest of its chart within a fingertip. */
  const svg = evento.target.closest ? evento.target.closest("svg") : null;
  if (!svg || evento.target.dataset.t) return svg && evento.target;
  let scelto = null;
  let minimo = evento.pointerType === "touch" ? 24 : 8;
  for (const segno of svg.querySelectorAll("[data-t]")) {
    const r = segno.getBoundingClientRect();
    const dx = Math.max(r.left - evento.clientX, 0, evento.clientX - r.right);
    const dy = Math.max(r.top - evento.clientY, 0, evento.clientY - r.bottom);
    const distanza = Math.hypot(dx, dy);
    if (distanza < minimo) [scelto, minimo] = [segno, distanza];
  }
  return scelto;
}
function mostra(evento) {
  if (evento.target === fumetto) return;
  const segno = vicino(evento);
  fumetto.hidden = !segno;
  if (!segno) return;
  fumetto.textContent = segno.dataset.t;
  const r = segno.getBoundingClientRect();
  const largo = document.documentElement.clientWidth;
  fumetto.style.left = "0";
  fumetto.style.top = "0";
  const f = fumetto.getBoundingClientRect();
  fumetto.style.left = Math.max(4, Math.min(largo - f.width - 4, r.left + r.width / 2 - f.width / 2)) + scrollX + "px";
  fumetto.style.top = (r.top - f.height > 0 ? r.top - f.height : r.bottom) + scrollY + "px";
}
document.addEventListener("pointerover", mostra);
document.addEventListener("pointerdown", mostra);
document.addEventListener("keydown", (evento) => { if (evento.key === "Escape") fumetto.hidden = true; });
