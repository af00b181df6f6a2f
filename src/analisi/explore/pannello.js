/* The page of the workbench. `vegaEmbed` comes with the bundle: see panel.py. Nothing is fetched. */
const ITALIANO = { decimal: ",", thousands: ".", grouping: [3], currency: ["", " €"], minus: "−" };
const MASSIMO = 500; // rows of the table drawn at once

function nodo(nome, attributi = {}, ...figli) {
  const elemento = document.createElement(nome);
  for (const [chiave, valore] of Object.entries(attributi)) {
    if (chiave.startsWith("on")) elemento.addEventListener(chiave.slice(2), valore);
    else if (valore !== null && valore !== undefined && valore !== false) elemento.setAttribute(chiave, valore === true ? "" : valore);
  }
  elemento.append(...figli);
  return elemento;
}

function semplice(testo) {
  return testo.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/* Marks that can be chosen: one stop of the Tab key a chart, arrows among them, Enter or the space bar to choose. */
function comandi(disegno, scelti, invia) {
  const segni = [...disegno.querySelectorAll("svg [aria-label]")].filter((s) => s.__data__?.datum?.chiave && s.getAttribute("role") === "graphics-symbol");
  segni.forEach((segno, posto) => {
    const { chiave, etichetta } = segno.__data__.datum;
    segno.dataset.chiave = chiave;
    segno.setAttribute("role", "button");
    segno.setAttribute("aria-pressed", String(scelti.includes(chiave)));
    segno.removeAttribute("aria-roledescription");
    segno.setAttribute("tabindex", posto ? "-1" : "0");
    const titolo = document.createElementNS("http://www.w3.org/2000/svg", "title");
    titolo.textContent = etichetta;
    segno.append(titolo);
    segno.addEventListener("keydown", (evento) => {
      const passo = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[evento.key];
      const meta = evento.key === "Home" ? 0 : evento.key === "End" ? segni.length - 1 : passo && (posto + passo + segni.length) % segni.length;
      if (evento.key === "Enter" || evento.key === " ") invia(chiave);
      else if (meta !== undefined) {
        for (const altro of segni) altro.setAttribute("tabindex", "-1");
        segni[meta].setAttribute("tabindex", "0");
        segni[meta].focus();
      } else return;
      evento.preventDefault();
      evento.stopPropagation();
    });
  });
}

class Viste {
  constructor(luogo, invia) {
    this.luogo = luogo;
    this.invia = invia;
    this.aperte = new Map();
  }

  async disegna(viste, filtri) {
    for (const [nome, aperta] of this.aperte) {
      if (!viste.some((vista) => vista.nome === nome)) {
        aperta.figura.remove();
        aperta.vega?.finalize();
        this.aperte.delete(nome);
      }
    }
    await Promise.all(viste.map((vista, posto) => this.una(vista, posto, filtri)));
  }

  async una(vista, posto, filtri) {
    let aperta = this.aperte.get(vista.nome);
    if (!aperta) {
      const titolo = nodo("figcaption", { id: `esplora-${vista.nome}-${Math.random().toString(36).slice(2)}` });
      const disegno = nodo("div", { class: "disegno" });
      const salva = nodo("div", { class: "salva" }, "Salva: ");
      aperta = { titolo, disegno, salva, figura: nodo("figure", { "data-vista": vista.nome, "aria-labelledby": titolo.id }, titolo, disegno, salva) };
      this.aperte.set(vista.nome, aperta);
    }
    if (this.luogo.children[posto] !== aperta.figura) this.luogo.insertBefore(aperta.figura, this.luogo.children[posto] ?? null);
    if (aperta.titolo.textContent !== vista.titolo) {
      aperta.titolo.textContent = vista.titolo;
      const formati = ["svg", "png", "json"].map((formato) =>
        bottone(formato.toUpperCase(), () => this.invia({ tipo: "salva_grafico", nome: vista.nome, formato }), `Salva «${vista.titolo}» in ${formato.toUpperCase()}`));
      aperta.salva.replaceChildren("Salva: ", ...formati);
    }
    const invia = (chiave) => this.invia({ tipo: "scelta", dimensione: vista.dimensione, chiave });
    const testo = JSON.stringify(vista.spec);
    if (aperta.testo === testo) return;
    aperta.testo = testo;
    const nuovo = nodo("div", { class: "disegno" });
    const fatto = await vegaEmbed(nuovo, vista.spec, { mode: "vega-lite", renderer: "svg", actions: false, tooltip: false, formatLocale: ITALIANO });
    if (aperta.testo !== testo) return fatto.finalize(); // a later one came first
    fatto.view.addEventListener("click", (_, segno) => {
      if (segno?.datum?.chiave && segno.mark.marktype !== "line") invia(segno.datum.chiave);
    });
    nuovo.querySelector("svg")?.setAttribute("role", "group");
    nuovo.querySelector("svg")?.setAttribute("aria-label", vista.titolo);
    comandi(nuovo, filtri.filter((f) => f.dimensione === vista.dimensione).map((f) => f.chiave), invia);
    const fuoco = aperta.disegno.contains(document.activeElement) ? document.activeElement.dataset.chiave : null;
    aperta.disegno.replaceWith(nuovo);
    aperta.vega?.finalize();
    Object.assign(aperta, { disegno: nuovo, vega: fatto });
    if (fuoco) {
      const segni = [...nuovo.querySelectorAll("[data-chiave]")];
      const stesso = segni.find((s) => s.dataset.chiave === fuoco);
      for (const segno of stesso ? segni : []) segno.setAttribute("tabindex", segno === stesso ? "0" : "-1");
      stesso?.focus();
    }
  }
}

function bottone(testo, fa, nome) {
  return nodo("button", { type: "button", "aria-label": nome, onclick: fa }, testo);
}

function testata(colonne, coda) {
  return nodo("thead", {}, nodo("tr", {}, ...colonne, ...(coda ? [nodo("th", { scope: "col" }, coda)] : [])));
}

function cella(testo, numero, prima) {
  return nodo(prima ? "th" : "td", { scope: prima ? "row" : null, class: numero ? "n" : null }, testo);
}

class Tavola {
  constructor(luogo, invia, vista) {
    Object.assign(this, { luogo, invia, vista, cerca: "", colonna: null, verso: null });
    this.casella = nodo("input", { type: "search", oninput: () => { this.cerca = this.casella.value; this.righe(); } });
    this.quante = nodo("p", { class: "quante", role: "status" });
    this.area = nodo("div", { class: "scorri", tabindex: "0", role: "region", "aria-label": "Tavola dei dati" });
    const salva = (formato) => invia({ tipo: "salva_tavola", formato, ...this.viste });
    const bottoni = [bottone("Salva la tavola in CSV", () => salva("csv")), bottone("Salva la tavola in Excel", () => salva("xlsx"))];
    luogo.append(nodo("div", { class: "strumenti" }, nodo("label", {}, "Cerca nella tavola ", this.casella), this.quante, ...bottoni), this.area);
  }

  mostra(dati, versione) {
    this.versione = versione;
    const stesse = JSON.stringify(dati.colonne) === JSON.stringify(this.dati?.colonne);
    if (!stesse) this.colonna = this.verso = null;
    this.dati = dati;
    if (!stesse) {
      this.teste = dati.colonne.map(({ etichetta, numero }, posto) =>
        nodo("th", { scope: "col", class: numero ? "n" : null }, nodo("button", { type: "button", onclick: () => this.ordina(posto) }, etichetta)));
      this.corpo = nodo("tbody");
      this.titolo = nodo("span");
      this.area.replaceChildren(nodo("table", { class: "tavola" }, nodo("caption", {}, this.titolo), testata(this.teste, "Righe"), this.corpo));
    }
    this.titolo.textContent = dati.titolo;
    this.righe();
  }

  ordina(posto) {
    this.verso = this.colonna === posto ? { ascending: "descending", descending: null }[this.verso] ?? (this.verso ? null : "ascending") : "ascending";
    this.colonna = this.verso ? posto : null;
    this.righe();
  }

  righe() {
    const { righe, colonne } = this.dati;
    let ordine = [...righe.keys()];
    const parola = semplice(this.cerca.trim());
    if (parola) ordine = ordine.filter((n) => semplice(righe[n].celle.map(([, testo]) => testo).join(" ")).includes(parola));
    this.teste.forEach((th, posto) => (posto === this.colonna ? th.setAttribute("aria-sort", this.verso) : th.removeAttribute("aria-sort")));
    if (this.colonna !== null) {
      const segno = this.verso === "ascending" ? 1 : -1;
      const numero = colonne[this.colonna].numero;
      ordine.sort((a, b) => {
        const [x, y] = [righe[a].celle[this.colonna][0], righe[b].celle[this.colonna][0]];
        if (x === null || y === null) return (x === null) - (y === null);
        return segno * (numero ? x - y : x.localeCompare(y, "it"));
      });
    }
    this.corpo.replaceChildren(...ordine.slice(0, MASSIMO).map((n) => {
      const { celle, chiavi } = righe[n];
      const nome = celle.slice(0, 3).map(([, testo]) => testo).join(", ");
      const bottone = nodo("button", { type: "button", "aria-label": `Righe della fonte: ${nome}`, onclick: () => this.invia({ tipo: "record", chiavi }) }, "Mostra");
      return nodo("tr", {}, ...celle.map(([, testo], posto) => cella(testo, colonne[posto].numero, posto === 0)), nodo("td", {}, bottone));
    }));
    const tutte = righe.length === 1 ? "1 riga" : `${righe.length.toLocaleString("it-IT")} righe`;
    const parte = ordine.length < righe.length ? `${ordine.length.toLocaleString("it-IT")} di ${tutte}` : tutte;
    this.quante.textContent = parte + (ordine.length > MASSIMO ? `; mostrate le prime ${MASSIMO}: restringere le scelte` : "");
    this.viste = { versione: this.versione, righe: parola || this.colonna !== null ? ordine : null };
    this.vista(this.viste);
  }
}

function record(dettaglio, chiudi) {
  if (!dettaglio.titolo) return [];
  const teste = dettaglio.colonne.map(({ etichetta, numero }) => nodo("th", { scope: "col", class: numero ? "n" : null }, etichetta));
  const righe = dettaglio.righe.map((celle) => nodo("tr", {}, ...celle.map((testo, posto) => cella(testo, dettaglio.colonne[posto].numero, posto === 0))));
  const tavola = nodo("table", { class: "tavola" }, nodo("caption", {}, nodo("span", {}, dettaglio.titolo)), testata(teste), nodo("tbody", {}, ...righe));
  const area = nodo("div", { class: "scorri", tabindex: "0", role: "region", "aria-label": dettaglio.titolo }, tavola);
  return [area, nodo("button", { type: "button", onclick: chiudi }, "Chiudi le righe della fonte")];
}

function render({ model, el }) {
  const invia = (messaggio) => model.send(messaggio);
  const messaggio = nodo("div", { class: "messaggio", role: "status", "aria-live": "polite" });
  const selezione = nodo("section", { class: "selezione", "aria-label": "Selezione" });
  const luogo = nodo("div", { class: "viste" });
  const tavola = nodo("section", { class: "dati", "aria-label": "Dati" });
  const dettaglio = nodo("section", { class: "dettaglio", "aria-label": "Righe della fonte" });
  const avvisi = nodo("section", { class: "avvertenze", "aria-label": "Avvertenze" });
  const titolo = nodo("input", { type: "text", maxlength: "120" });
  const crea = nodo("form", { class: "strumenti crea", onsubmit: (evento) => { evento.preventDefault(); invia({ tipo: "salva_notebook", titolo: titolo.value }); } },
    nodo("label", {}, "Titolo del nuovo notebook di rapporto ", titolo), nodo("button", {}, "Crea il notebook"));
  const radice = nodo("div", { class: "esplora analisi", lang: "it" }, messaggio, selezione, luogo, dettaglio, tavola, crea, avvisi);
  el.append(radice);
  const viste = new Viste(luogo, invia);
  let versione = null;
  const griglia = new Tavola(tavola, invia, (viste) => {
    model.set("vista_tavola", viste);
    model.save_changes();
  });

  function scelte(stato) {
    const filtri = stato.filtri.map(({ dimensione, chiave, testo }) =>
      nodo("li", {}, nodo("button", { type: "button", "aria-label": `Togli ${testo}`, onclick: () => invia({ tipo: "scelta", dimensione, chiave }) }, `${testo} ✕`)));
    const bottoni = [nodo("button", { type: "button", class: "record", onclick: () => invia({ tipo: "record", chiavi: {} }) }, "Quali record fanno questo numero?")];
    if (filtri.length) bottoni.unshift(nodo("button", { type: "button", class: "togli", onclick: () => invia({ tipo: "togli" }) }, "Togli i filtri"));
    const elenco = filtri.length ? nodo("ul", { class: "filtri", "aria-label": "Selezionati nei grafici" }, ...filtri)
      : nodo("p", { class: "guida" }, "Un clic su una barra, una tessera o un punto seleziona e filtra gli altri grafici. Da tastiera: Tab, frecce, Invio.");
    const fuoco = selezione.contains(document.activeElement);
    selezione.replaceChildren(nodo("p", { class: "sintesi" }, stato.sintesi), nodo("p", { class: "scelte" }, stato.scelte), elenco, nodo("div", { class: "bottoni" }, ...bottoni));
    if (fuoco) selezione.querySelector("button").focus();
  }

  async function aggiorna() {
    const stato = model.get("stato");
    if (!stato.viste) return;
    versione = stato.versione;
    scelte(stato);
    griglia.mostra(stato.tavola, versione);
    const frasi = stato.avvisi.map((frase) => nodo("li", {}, frase));
    avvisi.replaceChildren(nodo("p", {}, `Fonte: ${stato.fonte}.`), ...(frasi.length ? [nodo("ul", {}, ...frasi)] : []));
    await viste.disegna(stato.viste, stato.filtri);
    if (versione === stato.versione) radice.dataset.versione = versione; // all is drawn
  }

  function avvisa() {
    const { testo, errore } = model.get("messaggio");
    messaggio.replaceChildren(...(testo ? [nodo("p", { class: errore ? "errore" : "bene", role: errore ? "alert" : null }, testo)] : []));
  }

  function mostra_record() {
    const presente = model.get("dettaglio");
    dettaglio.replaceChildren(...record(presente, () => invia({ tipo: "chiudi" })));
    if (presente.titolo) dettaglio.querySelector(".scorri").focus({ preventScroll: false });
  }

  model.on("change:stato", aggiorna);
  model.on("change:messaggio", avvisa);
  model.on("change:dettaglio", mostra_record);
  avvisa();
  mostra_record();
  aggiorna();
  return () => viste.disegna([], []);
}

export default { render };
