"""The pieces of the annual report: its cards, tables and figures, from frames of indicators."""

from __future__ import annotations

from datetime import date

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.errors import listing
from analisi.indicators.coordinamento import against_printed, by_nucleo, by_type
from analisi.indicators.fonti import Tavoli
from analisi.indicators.uncertainty import ALPHA
from analisi.presentation import charts, prose, theme
from analisi.presentation import coordinamento as sezione
from analisi.presentation.blocks import Block, Col, cards, figure, header, table, tags, text, warnings
from analisi.presentation.contesto import INVOLVEMENTS, Contesto, ordered
from analisi.presentation.formats import NOT_COMPUTABLE, number, told
from analisi.presentation.riservatezza import Riservatezza
from analisi.vocabulary import TOTALE, procedura_labels, procedure

NOT_COMPARABLE = "La fonte non ha le stesse righe nei due anni: quote e totali dell'uno e dell'altro non sono confrontabili."
OWN_SCALE = "Ogni riquadro ha la sua scala."
NO_BASE = (
    f"{NOT_COMPUTABLE}: non calcolabile, perché l'anno di confronto vale zero. "
    "Cella vuota: dato che la fonte non riporta, o confronto non possibile."
)


def page_header(ctx: Contesto, profilo: str, data_edizione: str = "") -> Block:
    """The page's second line: years and territory; the profile, and the edition's date if one is given."""
    subtitle = f"Anno {ctx.anno} a confronto con il {ctx.confronto} · {ctx.territorio.nome}"
    return header(subtitle=subtitle, owner=ctx.territorio.ente, tags=tags(profilo, data_edizione), synthetic=ctx.fonte.sintetica)


def how_counted(ctx: Contesto) -> Block:
    """How the cases were counted: nothing for printed tables, the declared rule of the year for extracts of the register."""
    return text(list(ctx.fonte.conteggio))


def key_figures(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """Cards: workers in all, per procedura, units, and the activation of PAL where the source has it."""
    region = {r["procedura"]: r for r in confronto.filter(pl.col("provincia") == ctx.territorio.totale).iter_rows(named=True)}

    def card(label: str, code: str, base: str = "lavoratori") -> tuple[str, str, str]:
        row = region[code]
        detail = f" ({prose.percent(row, base)})" if prose.percent(row, base) else ""
        short = "unita" if base == "unita_produttive" else base
        change = told(row, f"variazione_{short}", "intero_segno")
        return label, told(row, base), f"{change}{detail} sul {ctx.confronto}"

    items = [card("Lavoratori coinvolti", TOTALE), card("Unità produttive", TOTALE, "unita_produttive")]
    items += [card(f"Lavoratori in {p.etichetta}", p.procedura) for p in procedure()]
    for r in ctx.fonte.attivazione.filter(pl.col("anno") == ctx.anno).iter_rows(named=True):
        items.append(("PAL attivate", prose.activation_rate(r), f"su {number(r['lavoratori_base'])} lavoratori sospesi"))
    return cards(items)


def printed_table(tavola: pl.DataFrame, ctx: Contesto, anno: int) -> Block:
    """The table of one year as the source prints it: same rows, order, headings and rounding."""
    wide = pl.DataFrame({"provincia": [*ctx.territorio.sigle, ctx.territorio.totale]})
    columns = [Col("provincia", ctx.territorio.intestazione)]
    weight_label = f"Peso % {ctx.territorio.singolare} su {ctx.territorio.totale} regione"
    year = tavola.filter(pl.col("anno") == anno)
    for p in procedure():
        part = year.filter(pl.col("procedura") == p.procedura).drop("anno", "procedura")
        part = part.with_columns(_blank_weight(part, name) for name in ("peso_unita", "peso_lavoratori"))
        wide = wide.join(
            part.rename({name: f"{p.procedura}.{name}" for name in part.columns if name != "provincia"}),
            on="provincia",
            how="left",
            maintain_order="left",
        )
        for count, weight, label in (
            ("unita_produttive", "peso_unita", p.intestazione_unita),
            ("lavoratori", "peso_lavoratori", p.intestazione_lavoratori),
        ):
            columns += [
                Col(f"{p.procedura}.{count}", label, "intero", p.titolo_stampa),
                Col(f"{p.procedura}.{weight}", weight_label, "peso", p.titolo_stampa),
            ]
    total = year.filter(pl.col("procedura") == TOTALE).select("provincia", pl.col("^lavoratori.*$").name.prefix(f"{TOTALE}."))
    wide = wide.join(total, on="provincia", how="left", maintain_order="left")
    notes = [
        INVOLVEMENTS,
        "Pesi arrotondati a un decimale (metà verso l'alto): una colonna può sommare a 99,9 o a 100,1.",
        "Cella vuota: la fonte non riporta il dato; il suo peso è scritto 0,0.",
        ctx.fonte.note(ctx.fonte.principale),
    ]
    title = f"Casi gestiti in forma coordinata con il livello territoriale, anno {anno}"
    columns.append(Col(f"{TOTALE}.lavoratori", "Totale lavoratori coinvolti", "intero"))
    return table(
        wide, columns, title=title,
        name=f"Tavola {anno}", totals=1, notes=notes, source=ctx.source, data="tavola_provinciale",
    )  # fmt: skip


def _blank_weight(part: pl.DataFrame, name: str) -> pl.Expr:
    """The weight of a blank cell as the source prints it, 0,0; a hidden one stays hidden."""
    hidden = pl.col(name + SEGNO).is_not_null() if name + SEGNO in part.columns else pl.lit(False)
    return pl.when(~hidden).then(pl.col(name).fill_null(0.0)).alias(name)


def _named(frame: pl.DataFrame, ctx: Contesto) -> pl.DataFrame:
    """Rows in printed order, the region's last, with the names of provincia and procedura for people."""
    place = pl.col("provincia").replace_strict([*ctx.territorio.sigle, ctx.territorio.totale], range(len(ctx.territorio.sigle) + 1))
    return (
        ordered(frame, ctx)
        .sort(place, maintain_order=True)
        .with_columns(
            luogo=pl.col("provincia").replace_strict(ctx.territorio.nomi), voce=pl.col("procedura").replace_strict(procedura_labels())
        )
    )


def _with_percent_text(confronto: pl.DataFrame) -> pl.DataFrame:
    """Rows with the text shown where the per cent change is blank: "n.c." from base zero, nothing if unknown."""
    from_zero = (pl.col("lavoratori_confronto") == 0) & pl.col("variazione_lavoratori").is_not_null()
    return confronto.with_columns(pct_testo=pl.when(from_zero).then(pl.lit(NOT_COMPUTABLE)))


def _percent_column(label: str, group: str = "") -> Col:
    return Col("variazione_lavoratori_pct", label, "decimale_segno", group, fallback="pct_testo")


def _place_column(ctx: Contesto) -> Col:
    return Col("luogo", ctx.territorio.singolare.capitalize())


def _changes(confronto: pl.DataFrame, ctx: Contesto, *extra: Col, title: str) -> Block:
    """Table behind the figures of change: every procedura and provincia, workers of the two years and their change."""
    rows = _with_percent_text(_named(confronto, ctx))
    columns = [
        _place_column(ctx), Col("voce", "Procedura"),
        Col("lavoratori_confronto", f"Lavoratori {ctx.confronto}", "intero"), Col("lavoratori", f"Lavoratori {ctx.anno}", "intero"),
        Col("variazione_lavoratori", "Variazione", "intero_segno"), _percent_column("Variazione %"), *extra,
    ]  # fmt: skip
    return table(rows, columns, title=title, totals=_totals(rows, ctx), notes=[NO_BASE], data="confronto_provinciale")


def _totals(rows: pl.DataFrame, ctx: Contesto) -> int:
    return int((rows["provincia"] == ctx.territorio.totale).sum())


def incomplete_note(ctx: Contesto) -> str:
    """Which totals of the two years lack a cell that the source leaves blank, or rows that only one year has; empty if none does."""
    blank = ctx.fonte.casi.filter(pl.col("anno").is_in(ctx.years) & pl.col("lavoratori").is_null())
    names = [
        f"{ctx.territorio.nomi[sigla]} {anno}" for anno, sigla in blank.select("anno", "provincia").unique(maintain_order=True).iter_rows()
    ]
    blanks = f"Totali e quote di {listing(names)} non comprendono una cella vuota nella fonte." if names else ""
    return _sentences(blanks, "" if ctx.comparable else NOT_COMPARABLE)


def comparison_table(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """Workers of the two years by provincia over all procedures: change, contribution, weight and rank."""
    rows = _with_percent_text(_named(confronto.filter(pl.col("procedura") == TOTALE), ctx))
    workers, change, weight = "Lavoratori coinvolti", "Variazione", "Peso e posizione"
    columns = [
        _place_column(ctx),
        Col("lavoratori_confronto", str(ctx.confronto), "intero", workers), Col("lavoratori", str(ctx.anno), "intero", workers),
        Col("variazione_lavoratori", "Assoluta", "intero_segno", change), _percent_column("%", change),
        Col("contributo_pp", "Contributo (punti)", "decimale_segno", change),
        Col("peso_lavoratori", f"Peso % {ctx.anno}", "peso", weight),
        Col("variazione_peso_pp", "Var. peso (punti)", "decimale_segno", weight),
        Col("posizione_confronto", f"Posto {ctx.confronto}", "intero", weight), Col("posizione", f"Posto {ctx.anno}", "intero", weight),
    ]  # fmt: skip
    title = f"Lavoratori coinvolti per {ctx.territorio.singolare}, tutte le procedure, {ctx.confronto} e {ctx.anno}"
    notes = [NO_BASE, incomplete_note(ctx), INVOLVEMENTS]
    return table(rows, columns, title=title, name="Confronto", totals=1, notes=notes, source=ctx.source, data="confronto_provinciale")


def contributions_figure(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """Where the region's change comes from."""
    t, what = ctx.territorio, prose.largest_pushes(confronto, ctx.territorio)
    panels = charts.contributions(confronto, t)
    if not panels:
        return text([what])
    return figure(
        panels,
        _changes(
            confronto,
            ctx,
            Col("contributo_pp", "Contributo (punti)", "decimale_segno"),
            title="Variazioni e contributi",
        ),
        title=f"Contributo di ogni {t.singolare} alla variazione regionale dei lavoratori, {ctx.confronto}-{ctx.anno}",
        subtitle=what,
        alt=f"Barre orizzontali per {t.singolare}, in punti percentuali, una serie per procedura e una per il totale. {_plain(what)}",
        source=ctx.source,
        legend=[(theme.UP, "spinge in alto"), (theme.DOWN, "spinge in basso")],
        note=_sentences(
            "Una barra lunga può venire da un territorio grande che cambia poco, o da uno piccolo che cambia molto.",
            "I contributi di un riquadro sommano alla variazione percentuale della regione, salvo i dati che la fonte non riporta (n.d.).",
            incomplete_note(ctx),
            OWN_SCALE,
        ),
    )


def dumbbell_figure(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """From which number to which, provincia by provincia."""
    t = ctx.territorio
    moved = confronto.filter((pl.col("procedura") == TOTALE) & (pl.col("provincia") != t.totale)).drop_nulls("variazione_lavoratori")
    up, down = (moved["variazione_lavoratori"] > 0).sum(), (moved["variazione_lavoratori"] < 0).sum()
    what = (
        f"Nel complesso delle procedure, territori con lavoratori in aumento: **{up}**; in calo: **{down}**; in tutto: {len(t.province)}."
    )
    return figure(
        charts.dumbbells(confronto, t, ctx.years),
        _changes(confronto, ctx, title="Lavoratori nei due anni"),
        title=f"Lavoratori coinvolti per {t.singolare}: dal {ctx.confronto} al {ctx.anno}",
        subtitle=what,
        alt=f"Per ogni {t.singolare} due punti uniti da una linea, uno per anno, in riquadri per procedura. {_plain(what)}",
        source=ctx.source,
        legend=[(theme.BEFORE, str(ctx.confronto)), (theme.UP, str(ctx.anno))],
        note=_sentences("n.d.: dato che la fonte non riporta.", incomplete_note(ctx), OWN_SCALE),
    )


def map_figure(confronto: pl.DataFrame, ctx: Contesto) -> Block | None:
    """Where on the map; None for a territory without tile positions."""
    t, what = ctx.territorio, prose.extremes(confronto, ctx.territorio)
    panels = charts.tiles(confronto, t)
    if not panels:
        return None
    return figure(
        panels,
        _changes(confronto, ctx, title="Variazioni per luogo"),
        title=f"Variazione dei lavoratori coinvolti sul territorio, {ctx.confronto}-{ctx.anno}",
        subtitle=what,
        alt=f"Mappa a riquadri, uno per {t.singolare}: la variazione dei lavoratori, con la tinta del suo segno e misura. {_plain(what)}",
        source=ctx.source,
        legend=[
            (charts.TINTS[1][-1], "più lavoratori"),
            (charts.TINTS[-1][-1], "meno lavoratori"),
            (charts.TINTS[0][-1], "nessuna variazione"),
            ("", "☐ n.d., dato ignoto"),
        ],
        note=_sentences(
            "Mappa schematica: ogni riquadro ha la stessa area, la posizione è indicativa.",
            "La tinta è più intensa oltre un decimo e oltre quattro decimi della variazione più grande di ciascuna mappa.",
            incomplete_note(ctx),
        ),
    )


def effects_figure(scomposizione: pl.DataFrame, ctx: Contesto) -> Block:
    """More cases or bigger ones."""
    t, what = ctx.territorio, prose.effects_by_procedura(scomposizione, ctx.territorio)
    rows = _named(scomposizione, ctx).with_columns(variazione=pl.col("effetto_numero") + pl.col("effetto_dimensione"))
    columns = [
        _place_column(ctx), Col("voce", "Procedura"),
        Col("effetto_numero", "Effetto numero", "intero_segno"), Col("effetto_dimensione", "Effetto dimensione", "intero_segno"),
        Col("variazione", "Variazione", "intero_segno"),
        Col("dimensione_confronto", f"Lavoratori per unità {ctx.confronto}", "decimale"),
        Col("dimensione", f"Lavoratori per unità {ctx.anno}", "decimale"),
    ]  # fmt: skip
    return figure(
        charts.effects(scomposizione, t),
        table(rows, columns, title="Effetto del numero e della dimensione (lavoratori)", totals=_totals(rows, ctx), data="scomposizione"),
        title="La variazione dei lavoratori, scomposta in numero e dimensione delle unità produttive",
        subtitle=what,
        alt=f"Barre divise in effetto del numero di unità ed effetto della loro dimensione; il rombo è la somma. {_plain(what)}",
        source=ctx.source,
        legend=[
            (theme.VIOLET, "effetto del numero di unità"),
            (theme.ORANGE, "effetto della dimensione"),
            ("", "◆ variazione complessiva"),
        ],
        note=f"L'effetto della regione è calcolato sui totali regionali: non è la somma di quelli dei singoli territori. {OWN_SCALE}",
    )


def mix_figure(composizione: pl.DataFrame, ctx: Contesto) -> Block:
    """Which procedures make up the workers of each provincia."""
    t = ctx.territorio
    region = composizione.filter(pl.col("provincia") == t.totale)
    share = {(r["anno"], r["procedura"]): number(r["quota_lavoratori"], "pct") for r in region.iter_rows(named=True)}
    shares = [(p.etichetta, *(share.get((year, p.procedura)) or "n.d." for year in ctx.years)) for p in procedure()]
    what = f"Quota sul totale regionale dei lavoratori, {ctx.confronto} → {ctx.anno}: "
    what += "; ".join(f"{label}, {before} → **{now}**" for label, before, now in shares) + "."
    what = what if ctx.comparable else NOT_COMPARABLE
    rows = _named(composizione, ctx)
    columns = [
        _place_column(ctx), Col("anno", "Anno", "anno"), Col("voce", "Procedura"),
        Col("lavoratori", "Lavoratori", "intero"), Col("quota_lavoratori", "Quota %", "decimale"),
    ]  # fmt: skip
    return figure(
        charts.shares(composizione, t, ctx.years),
        table(rows, columns, title="Composizione per procedura", totals=_totals(rows, ctx), data="composizione"),
        title=f"Lavoratori coinvolti per procedura: composizione nel {ctx.confronto} e nel {ctx.anno}",
        subtitle=what,
        alt=f"Barre a cento per {t.singolare} e per la regione, divise per procedura, un riquadro per anno. {_plain(what)}",
        source=ctx.source,
        legend=[(colour, p.etichetta) for colour, p in zip(charts.SERIES, procedure(), strict=False)],
        note=_sentences(
            "Nelle barre, quote in percentuale arrotondate all'unità; sotto il 9% il numero non è scritto.", incomplete_note(ctx)
        ),
    )


def concentration_table(concentrazione: pl.DataFrame, ctx: Contesto) -> Block:
    """How far the workers gather in few provinces, for each procedura and year."""
    order = {code: position for position, code in enumerate(procedura_labels())}
    rows = concentrazione.filter(pl.col("anno").is_in(ctx.years)).with_columns(voce=pl.col("procedura").replace_strict(procedura_labels()))
    rows = rows.sort(pl.col("procedura").replace_strict(order, return_dtype=pl.Int64), "anno")
    many = ctx.territorio.plurale.capitalize()
    columns = [
        Col("voce", "Procedura"), Col("anno", "Anno", "anno"), Col("province", f"{many} con lavoratori", "intero"),
        Col("quota_prime", "Quota % dei primi tre territori", "peso"), Col("herfindahl", "Indice di Herfindahl", "tre_decimali"),
        Col("province_equivalenti", f"{many} equivalenti", "decimale"),
    ]  # fmt: skip
    totals = int((rows["procedura"] == TOTALE).sum())
    return table(rows, columns, title="Concentrazione dei lavoratori coinvolti", totals=totals, source=ctx.source, data="concentrazione")


def firmness_figure(solidita: pl.DataFrame, ctx: Contesto) -> Block:
    """How firm the changes of the number of units are."""
    t, what = ctx.territorio, prose.firm_sentence(solidita, ctx.territorio, ALPHA)
    judged = pl.col("p").is_not_null()
    rows = _named(solidita, ctx).with_columns(
        rapporto_testo=pl.when(judged).then(pl.lit(NOT_COMPUTABLE)), sup_testo=pl.when(judged).then(pl.lit("senza limite"))
    )
    columns = [
        _place_column(ctx), Col("voce", "Procedura"), Col("rapporto_unita", "Rapporto", "due_decimali", fallback="rapporto_testo"),
        Col("inf95", "Da", "due_decimali"), Col("sup95", "A", "due_decimali", fallback="sup_testo"),
        Col("p", "p", "tre_decimali"), Col("p_bh", "p corretto", "tre_decimali"),
    ]  # fmt: skip
    title = f"Unità produttive {ctx.anno} rispetto al {ctx.confronto}: rapporto e intervallo al 95%"
    return figure(
        charts.forest(ordered(solidita, ctx), t, ALPHA),
        table(rows, columns, title=title, totals=_totals(rows, ctx), notes=[NO_BASE], data="solidita"),
        title=title,
        subtitle=what,
        alt=f"Per ogni {t.singolare} un punto, il rapporto fra le unità dei due anni, e una linea, il suo intervallo; "
        f"la verticale tratteggiata è 1, nessun cambiamento. {_plain(what)}",
        source=ctx.source,
        legend=[(theme.GREY, "il caso può spiegare la differenza"), (theme.BLUE, "il caso difficilmente la spiega")],
        note=_sentences(
            f"Il colore tiene conto del numero di {t.plurale} che si giudicano insieme: "
            "fra molti confronti qualche intervallo si scosta da 1 per caso, e da solo non basta.",
            "Scala logaritmica; un triangolo segna un intervallo che continua oltre 1/16 o 16.",
            "n.c.: nessuna unità nell'anno di confronto; n.d.: nessuna unità nei due anni, dato ignoto o confronto non possibile.",
        ),
    )


def coordination(ctx: Contesto, tavoli: Tavoli, visto: Riservatezza) -> list[Block]:
    """The coordination tables held in the year: counted from the register where there is one, as printed, and how the two agree."""
    printed = ctx.fonte.coordinamento.filter(pl.col("anno") == ctx.anno)
    shown = [] if printed.is_empty() else [_printed_tables(printed, ctx)]
    faults = [warnings(tavoli.rilievi, title="Rilievi sul registro dei tavoli")] if tavoli.rilievi else []
    if tavoli.registro is None:
        return [text([prose.coordination_sentence(printed, ctx.anno)]), *shown, *faults]
    day, *counted = _counted_tables(ctx, tavoli)
    per_tipo, per_nucleo = (visto.mask("coordinamento", frame) for frame in counted)
    source = f"Registro dei tavoli tenuto dalla Regione, al {day:%d/%m/%Y}"
    unknown = (
        ""
        if tavoli.vol is not None
        else "Senza il registro delle procedure non si sa quante di quelle trattate vi siano, né i loro lavoratori."
    )
    agreement = sezione.difference_sentence(against_printed(per_tipo, printed))
    return [
        text([*sezione.in_words(per_tipo, day), unknown, agreement]),
        sezione.type_table(per_tipo, day, source),
        *shown,
        sezione.nucleo_table(per_nucleo, ctx.territorio, day, source),
        text(
            ["I testi delle azioni riguardano singoli casi: sono nel report bimestrale, nel profilo interno."]
            if per_tipo["azioni_aperte"].sum()
            else []
        ),
        *faults,
    ]


def _counted_tables(ctx: Contesto, tavoli: Tavoli) -> tuple[date, pl.DataFrame, pl.DataFrame]:
    """The day, and the counts by type and by Nucleo."""
    day = tavoli.day(ctx.anno)
    return day, by_type(tavoli.registro, tavoli.vol, day), by_nucleo(tavoli.registro, tavoli.vol, day, ctx.territorio.sigle)


def _printed_tables(printed: pl.DataFrame, ctx: Contesto) -> Block:
    """The tables held, by type, as the source prints them."""
    rows = printed.with_columns(pl.col("tipo").str.to_titlecase())
    title = f"Tavoli di coordinamento convocati nel {ctx.anno}"
    columns = [Col("tipo", "Tipo di tavolo"), Col("tavoli", "Tavoli", "intero")]
    return table(rows, columns, title=title, source=ctx.fonte.document("coordinamento.csv"), data="coordinamento")


def coordination_rows(ctx: Contesto, tavoli: Tavoli) -> pl.DataFrame:
    """The rows of the data file: as printed, every year; then as counted from the register, by type and by Nucleo, of the year."""
    printed = ctx.fonte.coordinamento
    if tavoli.registro is None:
        blank = [pl.lit(None, pl.Int64).alias(name) for name in sezione.COLUMNS if name not in (*printed.columns, "nucleo")]
        return printed.with_columns(pl.lit(None, pl.String).alias("nucleo"), *blank)
    day, per_tipo, per_nucleo = _counted_tables(ctx, tavoli)
    counted = sezione.data_rows(per_tipo, per_nucleo).with_columns(
        pl.lit(ctx.anno, pl.Int64).alias("anno"), pl.lit(f"registro dei tavoli, al {day:%d/%m/%Y}").alias("fonte")
    )
    return pl.concat([printed, counted], how="diagonal")


def activation_table(ctx: Contesto) -> Block | None:
    """The activation of PAL as the source prints it, with its base; None if the source has none for the year."""
    rows = ctx.fonte.attivazione.filter(pl.col("anno") == ctx.anno)
    if rows.is_empty():
        return None
    rows = rows.with_columns(
        voce=pl.col("procedura").replace_strict(procedura_labels()),
        quota=pl.Series([prose.activation_rate(r) for r in rows.iter_rows(named=True)]),
    )
    columns = [Col("voce", "Procedura"), Col("lavoratori_base", "Lavoratori sospesi (base)", "intero"), Col("quota", "Con PAL attivata")]
    title = f"Attivazione delle PAL nel {ctx.anno}, base: tutti i lavoratori sospesi"
    return table(rows, columns, title=title, source=ctx.fonte.document("attivazione_pal.csv"), data="attivazione_pal")


def _sentences(*texts: str) -> str:
    return " ".join(filter(None, texts))


def _plain(sentence: str) -> str:
    return sentence.replace("**", "")
