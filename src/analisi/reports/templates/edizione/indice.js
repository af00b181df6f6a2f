/* The search box: shown here, so that a reader without scripts sees no dead control. Every word must be in a card; accents and case do not count. */
const campo = document.getElementById("cerca");
const trovati = document.getElementById("trovati");
const schede = [...document.querySelectorAll(".scheda")];
const nuda = (testo) => testo.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
function filtra() {
  const parole = nuda(campo.value).split(" ");
  let quante = 0;
  for (const scheda of schede) {
    scheda.hidden = !parole.every((parola) => scheda.dataset.cerca.includes(parola));
    quante += !scheda.hidden;
  }
  for (const ripiano of document.querySelectorAll(".ripiano, .gruppo-rapporti")) ripiano.hidden = !ripiano.querySelector(".scheda:not([hidden])");
  const tutti = schede.length === 1 ? "1 rapporto" : `${schede.length} rapporti`;
  trovati.textContent = !campo.value.trim() ? tutti : quante ? `${quante} su ${tutti}` : `Nessun risultato per «${campo.value.trim()}»`;
}
campo.addEventListener("input", filtra);
campo.addEventListener("keydown", (evento) => {
  if (evento.key !== "Escape") return;
  campo.value = "";
  filtra();
});
campo.closest(".cerca").hidden = false;
filtra();
