"""The pieces of the bimonthly report on the CIGS procedures in course: cards, sentences, tables and figures, from frames of indicators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
from babel.dates import format_date

from analisi.disclosure.segni import SEGNO
from analisi.indicators import attivazione_pal as pal
from analisi.indicators import procedure_in_corso as in_corso
from analisi.indicators.coordinamento import TUTTI
from analisi.indicators.periodi import previous, year_before
from analisi.indicators.procedure_in_corso import CONTI, TUTTE, VOCI
from analisi.presentation import attivazione_pal as pagina_pal
from analisi.presentation import charts_bimestrale, coordinamento
from analisi.presentation.blocks import Block, Col, figure, has_hidden, reserved, table, text, warnings
from analisi.presentation.dati_bimestrale import ALTRI, CONTI_NOMI
from analisi.presentation.formats import NOT_COMPUTABLE, many, number, told
from analisi.presentation.marks import bars
from analisi.presentation.prose import SMALL_BASE
from analisi.presentation.prose_bimestrale import TIPI_NOMI
from analisi.presentation.quadro_bimestrale import POCHE, Quadro, is_empty, rows_of, words_of
from analisi.tables.catalogo import CAUSALI, SI_NO_ND
from analisi.vocabulary import FUORI_REGIONE

SHOWN, BARS = 40, 30  # cases in the list and in the picture of the page
VOCI_NOMI = {
    "in_corso_prima": "In corso alla fine del bimestre precedente",
    "avviate": "Avviate nel bimestre",
    "concluse": "Concluse nel bimestre",
    "in_corso": "In corso alla fine del bimestre",
    "in_scadenza": "di cui in scadenza",
    "in_attesa": "Aperte, in attesa di inizio",
}
CAUSALI_BREVI = {
    "RIORG": "riorganizzazione", "RIORG_TRANS": "riorg., transizione", "CDS": "contratto di solidarietà",
    "CESSAZIONE_ART44": "cessazione (art. 44)", "TRANS_OCC_22TER": "transizione (22-ter)", "PROROGA_22BIS": "proroga (22-bis)",
    "AREA_CRISI_COMPLESSA": "area di crisi compl.", "PROC_CONCORSUALE": "proc. concorsuale",
}  # fmt: skip
DIMENSIONI = {
    "causale": "Causale",
    "settore": "Settore",
    "classe_dimensionale": "Dimensione dell'azienda",
    "mese_inizio": "Mese di inizio",
    "mese_fine": "Mese di scadenza",
}
PERSONE = "I lavoratori sono coinvolgimenti, non persone. Le unità produttive non sono né procedure né imprese."
INTERE = "Una procedura con più unità è contata una volta sola: le procedure avviate e concluse non danno la variazione di quelle in corso; le unità e i lavoratori sì."
ELSEWHERE = "Di {luogo} sono in corso poche unità: causali, settori, dimensioni e mesi sono nella pagina della regione."
NOTHING = "Nessuna unità in corso alla fine del bimestre."


def _signed(frame: pl.DataFrame, prefix: str, names: Sequence[str]) -> list[pl.Expr]:
    """Some columns under a prefix, with the signs of what is hidden in them."""
    every = [name + end for name in names for end in ("", SEGNO) if name + end in frame.columns]
    return [pl.col(name).alias(f"{prefix}{name}") for name in every]


def page_header(q: Quadro, data_edizione: str = "") -> Block:
    """The page's second line: the bimestre, the day of the situation and the place."""
    return q.header(f"{words_of(q.bimestre).capitalize()}, situazione al {q.giorno:%d/%m/%Y}", data_edizione)


def situation_table(confronto: pl.DataFrame, q: Quadro) -> Block:
    """What was in course, started, ended and is in course, ministerial and regional apart and together."""
    if is_empty(confronto, q):
        return text(["Nessuna procedura: non c'è una situazione da mostrare, né un confronto."])
    wide = pl.DataFrame({"voce": VOCI})
    columns = [Col("nome", "Voce")]
    groups = {TUTTE: ""} if q.ridotto else TIPI_NOMI | {TUTTE: "Tutte"}
    for tipo, group in groups.items():
        part = confronto.filter(provincia=q.chiave, tipo=tipo).select("voce", *_signed(confronto, f"{tipo}.", CONTI))
        wide = wide.join(part, on="voce", how="left", maintain_order="left")
        columns += [Col(f"{tipo}.{name}", CONTI_NOMI[name], "intero", group) for name in CONTI[q.ridotto :]]
    shown = [name for name in wide.columns if not (q.ridotto and "procedure" in name)]
    wide = wide.select(shown).with_columns(_named(q).alias("nome"))
    whole = "" if q.ridotto else INTERE
    notes = [PERSONE, whole, "In attesa: procedura aperta, sospensione non ancora iniziata."]
    return table(
        wide,
        columns,
        title=f"La situazione al {q.giorno:%d/%m/%Y}, {q.luogo}",
        name="Situazione",
        notes=notes,
        source=q.source,
        data="procedure_in_corso",
    )


def _named(q: Quadro) -> pl.Expr:
    names = VOCI_NOMI | {"in_scadenza": f"di cui in scadenza entro {q.giorni} giorni"}
    return pl.col("voce").replace_strict(names, return_dtype=pl.String)


def changes_table(confronto: pl.DataFrame, q: Quadro) -> Block:
    """Units and workers against the bimestre before and a year before."""
    if is_empty(confronto, q):
        return text([])
    rows = confronto.filter(provincia=q.chiave, tipo=TUTTE).filter(pl.col("voce") != "in_corso_prima")
    from_zero = []
    for name, limit in (("unita", POCHE), ("lavoratori", SMALL_BASE)):
        for other in ALTRI:
            base, share = pl.col(f"{name}_{other}"), f"pct_{name}_{other}"
            from_zero += [
                pl.when(base == 0).then(pl.lit(NOT_COMPUTABLE)).alias(f"nc_{name}_{other}"),
                pl.when(base >= limit).then(share).alias(share),
            ]
    rows = rows.select(name for name in rows.columns if "procedure" not in name).with_columns(_named(q).alias("nome"), *from_zero)
    columns = [Col("nome", "Voce")]
    for name in ("unita", "lavoratori"):
        columns.append(Col(name, "Ora", "intero", CONTI_NOMI[name]))
        for other, label in (("prec", "bim. prec."), ("anno", "anno prima")):
            columns += [
                Col(f"{name}_{other}", label.capitalize(), "intero", CONTI_NOMI[name]),
                Col(f"pct_{name}_{other}", f"Var. % {label}", "decimale_segno", CONTI_NOMI[name], fallback=f"nc_{name}_{other}"),
            ]
    periods = f"Bimestre precedente: {words_of(previous(q.bimestre))}; anno prima: {words_of(year_before(q.bimestre))}."
    notes = [
        periods,
        f"{NOT_COMPUTABLE}: non calcolabile, perché il confronto è con zero.",
        f"Cella vuota: la base è piccola, meno di {POCHE} unità o di {SMALL_BASE} lavoratori, e una percentuale non direbbe nulla.",
    ]
    return table(
        rows,
        columns,
        title=f"Confronto con due mesi e con un anno prima, {q.luogo}",
        name="Confronto",
        notes=notes,
        source=q.source,
        data="procedure_in_corso",
    )


def province_table(confronto: pl.DataFrame, q: Quadro) -> Block:
    """Every provincia and the region: in course, started, ended, expiring. Nothing in the report of one provincia."""
    if q.provincia:
        return text([])
    t, wide = q.territorio, pl.DataFrame({"provincia": q.luoghi})
    columns = [Col("nome", t.intestazione)]
    for voce, group, counts in (
        ("in_corso", "In corso", CONTI if q.interno else CONTI[1:]),
        ("avviate", "Avviate", CONTI[1:]),
        ("concluse", "Concluse", CONTI[1:]),
        ("in_scadenza", "In scadenza", CONTI[1:]),
    ):
        part = confronto.filter(voce=voce, tipo=TUTTE).select("provincia", *_signed(confronto, f"{voce}.", counts))
        wide = wide.join(part, on="provincia", how="left", maintain_order="left")
        columns += [Col(f"{voce}.{name}", CONTI_NOMI[name], "intero", group) for name in counts]
    wide = wide.with_columns(pl.col("provincia").replace_strict(t.nomi).alias("nome"))
    notes = [
        f"Unità e lavoratori sommano alla regione; le procedure no, perché una procedura può avere sedi in più {t.plurale}."
        if q.interno
        else "Unità e lavoratori sommano alla regione.",
        f"In scadenza: entro {q.giorni} giorni dal {q.giorno:%d/%m/%Y}.",
        PERSONE,
    ]
    return table(
        wide,
        columns,
        title=f"La situazione per {t.singolare}",
        name="Per territorio",
        totals=1,
        notes=notes,
        source=q.source,
        data="procedure_in_corso",
    )


def map_figure(confronto: pl.DataFrame, q: Quadro) -> Block:
    """Workers in course and expiring on the map. Nothing in the report of one provincia, or of a territory without tiles."""
    t, rows = q.territorio, confronto.filter(tipo=TUTTE)
    titles = {"in_corso": "Lavoratori in corso", "in_scadenza": f"Lavoratori in scadenza entro {q.giorni} giorni"}
    panels = [] if q.provincia else charts_bimestrale.worker_tiles(rows, t, titles)
    if not panels or rows_of(confronto, q)["in_corso"]["unita"] == 0:
        return text([])
    named = rows.filter(pl.col("provincia") != t.totale).select(pl.col("provincia").unique(maintain_order=True))
    for voce in titles:
        part = rows.filter(voce=voce).select("provincia", *_signed(rows, "", CONTI[1:]))
        part = part.rename(
            lambda name, v=voce: name if name == "provincia" else f"{name.removesuffix(SEGNO)}_{v}{SEGNO * name.endswith(SEGNO)}"
        )
        named = named.join(part, on="provincia", how="left", maintain_order="left")
    named = named.with_columns(pl.col("provincia").replace_strict(t.nomi))
    columns = [
        Col("provincia", t.intestazione),
        *(Col(f"{name}_{voce}", CONTI_NOMI[name], "intero", title) for voce, title in titles.items() for name in CONTI[1:]),
    ]
    legend = list(zip(charts_bimestrale.TILE_TINTS[1:], ("fino a un terzo del maggiore", "fino a due terzi", "oltre"), strict=True))
    return figure(
        panels, table(named, columns, title="Unità e lavoratori per luogo", data="procedure_in_corso"), title=f"Dove sono i lavoratori, al {q.giorno:%d/%m/%Y}",
        subtitle=f"Lavoratori coinvolti nelle procedure in corso, per {t.singolare} della sede operativa.",
        alt=f"Mappa a riquadri, uno per {t.singolare}, con i lavoratori in corso e quelli in scadenza.", source=q.source,
        legend=[*legend, ("", "☐ nessuno"), *([(charts_bimestrale.HIDDEN_TINT, "* oscurato")] if has_hidden(named) else [])], note="Mappa schematica: ogni riquadro ha la stessa area. Ogni mappa ha la sua scala di tinte.",
    )  # fmt: skip


def _voice(dimensione: str, code: str) -> str:
    """A value of a distribution in words."""
    if code == in_corso.IGNOTO:
        return code
    if dimensione == "causale":
        return CAUSALI_BREVI.get(code, CAUSALI.get(code, code))
    return f"ATECO {code}" if dimensione == "settore" else code


def _bars(rows: pl.DataFrame, dimensione: str) -> dict:
    drawn = []
    for r in rows.iter_rows(named=True):
        name, counts = _voice(dimensione, r["voce"]), [f"{told(r, 'unita')} unità"]
        counts += [] if r["procedure"] is None else [many(r["procedure"], "procedura", "procedure")]
        workers = f"{told(r, 'lavoratori')} lavoratori" if r["lavoratori"] is None else many(r["lavoratori"], "lavoratore", "lavoratori")
        label = f"{name}: {', '.join([workers, *counts])}"
        drawn.append(
            {"nome": name, "valore": r["lavoratori"], "testo": f"{told(r, 'lavoratori')} ({told(r, 'unita')})", "etichetta": label}
        )
    return bars(drawn, "lavoratori (fra parentesi le unità)", margin=0.55)


def _distribution_table(rows: pl.DataFrame, title: str, *, version: bool = False) -> Block:
    words = [_long(*pair) for pair in rows.select("dimensione", "voce").iter_rows()]
    rows = rows.with_columns(pl.Series("nome", words, dtype=pl.String), pl.col("dimensione").replace_strict(DIMENSIONI))
    first = [Col("nome", "Voce"), Col("versione_ateco", "Versione ATECO") if version else Col("dimensione", "Per")]
    counts = (
        [name for name in CONTI if name != "procedure" or not has_hidden(rows.select(f"{name}{SEGNO}"))]
        if f"procedure{SEGNO}" in rows.columns
        else CONTI
    )
    columns = [*first, *(Col(name, CONTI_NOMI[name], "intero") for name in counts), Col("quota", "Quota % lavoratori", "quota")]
    rows = rows.select(name for name in rows.columns if not name.startswith("procedure") or "procedure" in counts)
    return table(rows, columns, title=title, data="distribuzioni")


def _long(dimensione: str, code: str) -> str:
    if dimensione.startswith("mese") and code != in_corso.IGNOTO:
        return format_date(date.fromisoformat(f"{code}-01"), "MMMM y", locale="it_IT")
    return CAUSALI.get(code, code) if dimensione == "causale" else _voice(dimensione, code)


def causes_figure(distribuzioni: pl.DataFrame, q: Quadro) -> Block:
    """Workers in course by causale and by size of the company."""
    if q.ridotto:
        return text([ELSEWHERE.format(luogo=q.luogo)])
    if distribuzioni.is_empty():
        return text([NOTHING])
    parts = {name: distribuzioni.filter(dimensione=name) for name in ("causale", "classe_dimensionale")}
    panels = [(DIMENSIONI[name], _bars(rows, name)) for name, rows in parts.items()]
    first = parts["causale"].row(0, named=True)
    largest = (
        "Fra le cifre mostrate, la causale con più lavoratori"
        if has_hidden(parts["causale"].select(pl.col("^lavoratori.*$")))
        else "La causale con più lavoratori"
    )
    what = f"{largest} è «{CAUSALI.get(first['voce'], first['voce'])}»: **{number(100 * first['quota'], 'pct') if first['quota'] is not None else first.get('quota' + SEGNO) or 'n.c.'}** dei lavoratori in corso."
    what = what if first["lavoratori"] is not None else "Le causali di ciò che è in corso; le cifre di ciascuna sono oscurate."
    return figure(
        panels, _distribution_table(pl.concat(parts.values()), "Unità in corso per causale e dimensione"), title=f"Per causale e dimensione dell'azienda, {q.luogo}",
        subtitle=what, alt=f"Barre orizzontali dei lavoratori in corso per causale e per classe di dipendenti. {what.replace('**', '')}", source=q.source,
        note=PERSONE,
    )  # fmt: skip


def sectors_figure(distribuzioni: pl.DataFrame, q: Quadro) -> Block:
    """Workers in course by sector, a panel for each version of ATECO; nothing where nothing is in course."""
    rows = distribuzioni.filter(dimensione="settore")
    if rows.is_empty():
        return text([])
    versions = rows["versione_ateco"].unique().sort().to_list()
    titles = {v: f"Versione ATECO {v}" if v != in_corso.IGNOTO else "Versione ATECO non indicata" for v in versions}
    panels = [(titles[v], _bars(rows.filter(versione_ateco=v), "settore")) for v in versions]
    mixed = "Le versioni non si mescolano: lo stesso codice può indicare attività diverse." if len(versions) > 1 else ""
    return figure(
        panels, _distribution_table(rows, "Unità in corso per settore", version=True), title=f"Per settore di attività, {q.luogo}",
        subtitle=f"Prime due cifre del codice ATECO dichiarato. {mixed}".strip(), alt="Barre orizzontali dei lavoratori in corso per settore, un riquadro per versione della classificazione.",
        source=q.source, note="Ogni riquadro ha la sua scala; le quote della tabella sono su tutti i lavoratori in corso.",
    )  # fmt: skip


def calendar_figure(calendario: pl.DataFrame, q: Quadro) -> Block:
    """Starts and expiries month by month, for every unità, also ended: for the internal profile only."""
    if not q.interno:  # with the months of the units in course, they would tell of the few that have ended
        return text([])
    counted = calendario.select(pl.sum_horizontal(pl.exclude("mese"))).to_series().sum()
    if not counted:
        return text(["Nessun inizio e nessuna scadenza nei dodici mesi prima e dopo la fine del bimestre."])
    counts = [(label, f"{name}_inizio", f"{name}_fine") for name, label in (("unita", "Unità produttive"), ("lavoratori", "Lavoratori"))]
    ahead = calendario.filter(pl.col("mese") > q.giorno)
    top = ahead.sort("lavoratori_fine", "mese", descending=[True, False]).row(0, named=True)
    month = format_date(top["mese"], "MMMM y", locale="it_IT")
    what = (
        f"Dei prossimi mesi quello con più lavoratori in scadenza è **{month}**: {many(top['lavoratori_fine'], 'lavoratore', 'lavoratori')} in {number(top['unita_fine'])} unità."
        if top["lavoratori_fine"]
        else "Nei prossimi dodici mesi non è prevista alcuna scadenza."
    )
    named = calendario.with_columns(pl.Series("nome", [format_date(day, "MMMM y", locale="it_IT") for day in calendario["mese"]]))
    columns = [
        Col("nome", "Mese"),
        *(
            Col(f"{name}_{end}", CONTI_NOMI[name], "intero", group)
            for end, group in (("inizio", "Iniziano"), ("fine", "Scadono"))
            for name in CONTI[1:]
        ),
    ]
    return figure(
        charts_bimestrale.month_columns(calendario, q.giorno, counts), table(named, columns, title="Inizi e scadenze mese per mese", data="calendario"),
        title=f"Inizi e scadenze mese per mese, {q.luogo}", subtitle=what,
        alt=f"Colonne per mese: sopra la linea le sospensioni che iniziano, sotto quelle che scadono. {what.replace('**', '')}", source=q.source,
        note="Le unità aperte entro la fine del bimestre, anche concluse. La linea tratteggiata è la fine del bimestre: oltre, ciò che per esse è previsto. Una sospensione scade nel mese del suo ultimo giorno.",
    )  # fmt: skip


def months_figure(distribuzioni: pl.DataFrame, q: Quadro) -> Block:
    """The units in course by month of start and of expiry; nothing where nothing is in course."""
    rows = distribuzioni.filter(pl.col("dimensione").is_in(["mese_inizio", "mese_fine"]))
    if rows.is_empty():
        return text([])
    days = pl.concat_str(pl.col("voce"), pl.lit("-01")).str.to_date("%Y-%m-%d", strict=False).alias("mese")
    dated = rows.with_columns(days).drop_nulls("mese")
    grid = dated.select(pl.date_range(pl.col("mese").min(), pl.col("mese").max(), "1mo").alias("mese"))
    for name in ("inizio", "fine"):
        part = dated.filter(dimensione=f"mese_{name}").select(
            "mese", *(pl.when(pl.col(count).is_null()).then(-1).otherwise(count).alias(f"{count}_{name}") for count in CONTI[1:])
        )
        grid = grid.join(part, on="mese", how="left", maintain_order="left")
    grid = grid.with_columns(pl.exclude("mese").fill_null(0)).with_columns(pl.exclude("mese").replace(-1, None))
    open_ended = rows.filter(dimensione="mese_fine", voce=in_corso.IGNOTO)
    ended = told(open_ended.row(0, named=True), "unita") if open_ended.height else ""
    blank = f" Senza fine indicata, e dunque fuori dal grafico delle scadenze: {ended} unità." if ended else ""
    blank += " *: mese con unità, in numero oscurato." if has_hidden(rows.select(pl.col("^(unita|lavoratori).*$"))) else ""
    counts = [(label, f"{name}_inizio", f"{name}_fine") for name, label in (("unita", "Unità produttive"), ("lavoratori", "Lavoratori"))]
    return figure(
        charts_bimestrale.month_columns(grid, q.giorno, counts), _distribution_table(rows, "Unità in corso per mese di inizio e di scadenza"),
        title=f"Le unità in corso, per mese di inizio e di scadenza, {q.luogo}", subtitle="Solo ciò che è in corso alla fine del bimestre: da quando, e fino a quando.",
        alt="Colonne per mese: sopra la linea le unità in corso secondo il mese di inizio, sotto secondo il mese di scadenza.", source=q.source,
        note=f"La linea tratteggiata è la fine del bimestre.{blank}",
    )  # fmt: skip


def spans_figure(casi: pl.DataFrame, q: Quadro) -> Block:
    """One line a unità, the most urgent first: single cases, for the internal profile only."""
    if not q.interno:
        return reserved("Il calendario delle singole unità")
    told = casi.filter(pl.col("situazione").is_in([name for name, _ in charts_bimestrale.STATES])).drop_nulls("data_inizio")
    if told.is_empty():
        return text([])
    rows = told.head(BARS)
    cut = (
        f"Le prime {rows.height} unità su {told.height}, dalla più vicina alla scadenza: le altre sono nel file di dati."
        if told.height > rows.height
        else "Dalla più vicina alla scadenza."
    )
    block = table(_list_rows(rows, q), [Col("ragione_sociale", "Azienda"), Col("id_unita", "Unità"), Col("data_inizio_testo", "Dal"), Col("data_fine_testo", "Al"), Col("giorni", "Giorni alla fine", "intero"), Col("situazione", "Situazione")], title="Periodi di sospensione", data="elenco")  # fmt: skip
    return figure(
        charts_bimestrale.suspensions(rows, q.giorno, q.giorni, q.territorio.nomi), block, title=f"Quando finiscono le sospensioni, {q.luogo}", subtitle=cut,
        alt="Barre nel tempo, una per unità produttiva, dall'inizio alla fine della sospensione.", source=q.source,
        note=f"Le linee tratteggiate sono il {q.giorno:%d/%m/%Y} e {q.giorni} giorni dopo. Una barra che tocca il bordo continua oltre; (2), (3): altre unità, di solito della stessa azienda.",
    )  # fmt: skip


def _list_rows(casi: pl.DataFrame, q: Quadro) -> pl.DataFrame:
    """The cases with what the page writes of them."""
    day = [pl.col(name).dt.to_string("%d/%m/%y").alias(f"{name}_testo") for name in ("data_inizio", "data_fine")]
    sector = pl.concat_str(pl.col("ateco_codice"), pl.lit(" ("), pl.col("ateco_versione").fill_null("?"), pl.lit(")")).fill_null(
        in_corso.IGNOTO
    )
    town = pl.col("comune_nome").fill_null("comune non indicato")
    place = town if q.provincia else pl.concat_str(town, pl.lit(" ("), "provincia", pl.lit(")"))
    left = pl.when(in_corso.is_in_course(q.giorno)).then(pl.lit("senza fine")).otherwise("situazione")
    others = pl.col("altre_province")
    where = others.list.eval(pl.element().replace(FUORI_REGIONE, "altra regione")).list.join(", ")
    return casi.with_columns(
        *day, sector.alias("settore"), pl.concat_str(pl.col("ragione_sociale"), pl.lit(", "), place).alias("luogo"),
        pl.col("causale").replace({code: CAUSALI_BREVI.get(code, words) for code, words in CAUSALI.items()}), left.alias("stato_giorni"),
        pl.col("obbligo_pal").replace(SI_NO_ND).fill_null(in_corso.IGNOTO),
        pl.when(others.list.len() > 0).then(pl.concat_str(where, pl.lit(" ("), "lavoratori_procedura", pl.lit(")"))).alias("altrove"),
    )  # fmt: skip


def list_table(casi: pl.DataFrame, q: Quadro) -> Block:
    """The procedures of the place, the first to expire first; single cases, for the internal profile only."""
    if not q.interno:
        return reserved("L'elenco delle procedure")
    if casi.is_empty():
        return text(["Nessuna procedura da elencare."])
    shown = casi.head(SHOWN)
    steps = [
        Col(name, label.removeprefix("STEP ").replace("nessun passo", "nessuno"), "intero", "Lavoratori per passo")
        for name, label in zip(pal.STATI.values(), pagina_pal.PASSI.values(), strict=True)
    ]
    columns = [Col("luogo", "Azienda e comune"), Col("id_unita", "Procedura e unità"), Col("settore", "ATECO"), Col("causale", "Causale"), Col("data_inizio_testo", "Dal"), Col("data_fine_testo", "Al"), Col("giorni", "Giorni", "intero", fallback="stato_giorni"), Col("lavoratori_coinvolti", "Lavoratori", "intero"), Col("obbligo_pal", "Obbligo PAL"), *steps, Col("altrove", "Altre sedi")]  # fmt: skip
    more = f"Prime {shown.height} unità di {casi.height}: l'elenco intero è nel file di dati." if casi.height > shown.height else ""
    notes = [
        "Prima ciò che scade prima; poi ciò che attende l'inizio e ciò che si è concluso nel bimestre.",
        f"Giorni: dal {q.giorno:%d/%m/%Y} all'ultimo della sospensione. Altre sedi: gli altri territori della procedura e, fra parentesi, i suoi lavoratori in tutto.",
        "I passi sono quelli dell'ultimo foglio del Nucleo che riporta l'unità, che il file di dati indica; celle vuote: nessun foglio la riporta.",
        more,
    ]
    return table(
        _list_rows(shown, q),
        columns,
        title=f"Le procedure, unità per unità, {q.luogo}",
        name="Procedure",
        notes=notes,
        source=q.source,
        data="elenco",
    )


def pal_frames(q: Quadro) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Workers by step and rates of activation, by provincia and region, in the quarter of the report; without rows where there are no sheets.

    The first: trimestre, provincia, passo, lavoratori, almeno (those at that step or a later one), quota. The second: `pal.rates`.
    """
    if q.trimestre is None:
        whole, real = pl.Int64, pl.Float64
        return (
            pl.DataFrame(schema={"trimestre": pl.String, "provincia": pl.String, "passo": pl.String, "lavoratori": whole, "almeno": whole, "quota": real}),
            pl.DataFrame(schema={"trimestre": pl.String, "provincia": pl.String, "attivati": whole, "lavoratori": whole, "tasso": real, "inf95": real, "sup95": real}),
        )  # fmt: skip
    total = q.territorio.totale
    stock = q.dati.monitoraggio.stock.filter(pl.col("trimestre") == q.trimestre)
    order = {name: n for n, name in enumerate(q.luoghi)}
    passi = pal.with_total(pal.steps, stock, total).filter(pl.col("provincia").is_in(q.luoghi))
    rank = [
        pl.col("provincia").replace_strict(order, return_dtype=pl.Int64),
        pl.col("passo").replace_strict(list(pal.STATI), range(len(pal.STATI)), return_dtype=pl.Int64),
    ]
    passi = passi.sort(rank)
    reached = pl.col("lavoratori").reverse().cum_sum().reverse().over("provincia")
    later = passi.filter(pl.col("passo").str.starts_with("STEP")).with_columns(reached.alias("almeno"))
    passi = passi.join(later.select("provincia", "passo", "almeno"), on=["provincia", "passo"], how="left", maintain_order="left")
    tassi = pal.rates(stock, ["provincia"], totale=total).filter(pl.col("provincia").is_in(q.luoghi)).sort(rank[0])
    return passi, tassi


def pal_figure(passi: pl.DataFrame, q: Quadro) -> Block:
    """From the suspended to the activated PAL, as in the quarterly report; nothing without sheets of the place."""
    rows = passi.filter(provincia=q.chiave)
    if rows.is_empty() or not rows["lavoratori"].sum():
        return text([])
    return pagina_pal.cascade_figure(passi, pagina_pal.quadro(q.dati.monitoraggio, q.trimestre, q.provincia, profilo=q.profilo))


def quality(rilievi: pl.DataFrame, confronto: pl.DataFrame, q: Quadro) -> Block:
    """What contradicts itself or is blank in the units of the report, rule by rule; a sentence when nothing does."""
    if not q.interno:
        return reserved("I rilievi sulle unità")
    if not any(row["unita"] for row in rows_of(confronto, q).values()):
        return text(["Nessuna unità da controllare."])
    if rilievi.is_empty():
        return text(["Nessuna contraddizione e nessun dato mancante fra quelli controllati, nelle unità di questo rapporto."])
    rilievi = rilievi.with_columns(pl.concat_str(pl.lit("Unità "), "testo").alias("testo"))
    columns = [Col("testo", "Rilievo"), Col("unita", "Unità", "intero"), Col("lavoratori", "Lavoratori", "intero")]
    notes = [
        "Nulla è corretto: i dati restano come sono nel registro. Un'unità può avere più rilievi.",
        "I numeri delle unità sono nel file di dati qualita_casi.",
    ]
    return table(
        rilievi, columns, title=f"Rilievi sulle unità del rapporto, {q.luogo}", name="Rilievi", notes=notes, source=q.source, data="qualita"
    )


def extracts(q: Quadro) -> Block:
    """The findings on the files of the folder; outside the internal profile only how many, as they may name a case."""
    found = list(q.dati.rilievi)
    if found and not q.interno:
        return text([f"Rilievi sui file degli estratti: {number(len(found))}; sono elencati nel profilo interno."])
    return warnings(found, title="Rilievi sugli estratti") if found else text(["Nessun rilievo sui file degli estratti."])


def coordination(per_tipo: pl.DataFrame, per_nucleo: pl.DataFrame, azioni: pl.DataFrame, q: Quadro) -> list[Block]:
    """The section on the tables of coordination: of the Nucleo of the provincia and the regional ones, or all of them."""
    if not q.has_tables:
        return [text([coordinamento.NO_REGISTER])]
    whose = [f"I tavoli del Nucleo di {q.luogo} e quelli regionali."] if q.provincia else []
    said = text([*whose, *coordinamento.in_words(per_tipo, q.giorno)])
    whole = per_tipo.row(by_predicate=pl.col("tipo") == TUTTI, named=True)
    if not whole["tavoli"] and not whole["azioni_aperte"]:
        return [said]
    nuclei = [] if q.provincia else [coordinamento.nucleo_table(per_nucleo, q.territorio, q.giorno)]
    actions = coordinamento.actions_table(azioni, q.territorio, q.giorno, interno=q.interno)
    return [said, coordinamento.type_table(per_tipo, q.giorno), *nuclei, actions]


def with_steps(casi: pl.DataFrame, q: Quadro) -> pl.DataFrame:
    """The cases with the steps of their workers (`in_corso.last_steps`) and the quarter of the sheet; null where no sheet names them."""
    if q.trimestre is None:
        blank = dict.fromkeys(pal.STATI.values(), pl.Int64) | {"foglio": pl.String}
        return casi.with_columns(pl.lit(None, kind).alias(name) for name, kind in blank.items())
    sheets = in_corso.last_steps(q.dati.monitoraggio.conteggi, q.trimestre)
    return casi.join(sheets, on=in_corso.UNITA, how="left", maintain_order="left")


def listed(casi: pl.DataFrame) -> pl.DataFrame:
    """The cases as the data file writes them: the siglas of the other provinces as a text."""
    return casi.with_columns(pl.col("altre_province").list.join(" "))
