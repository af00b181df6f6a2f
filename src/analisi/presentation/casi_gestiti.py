"""The pieces of the annual report: its tables, figures, cards and data files, from frames of indicators."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analisi.indicators.uncertainty import ALPHA
from analisi.presentation import charts, prose, theme
from analisi.presentation.blocks import Block, Col, cards, dataset, figure, header, table
from analisi.presentation.formats import NOT_COMPUTABLE, number
from analisi.tables.pubblicati import Fonte
from analisi.vocabulary import TOTALE, Territorio, procedura_labels, procedure

WEIGHT_LABEL = "Peso % provincia su TOT regione"
INVOLVEMENTS = (
    "I lavoratori sono coinvolgimenti, non persone: chi è in due procedure è contato due volte. "
    "Le unità produttive non sono né procedure né imprese; il territorio è quello della sede operativa."
)
NO_BASE = f"{NOT_COMPUTABLE}: non calcolabile, perché l'anno di confronto vale zero. Cella vuota: dato che la fonte non riporta."


@dataclass(frozen=True)
class Contesto:
    """What every piece of a report needs: the source and the two years (confronto, anno)."""

    fonte: Fonte
    anno: int
    confronto: int

    @property
    def territorio(self) -> Territorio:
        return self.fonte.territorio

    @property
    def years(self) -> tuple[int, int]:
        return self.confronto, self.anno

    @property
    def source(self) -> str:
        return self.fonte.titolo


def contesto(fonte: Fonte, anno: int, confronto: int | None = None) -> Contesto:
    """The context of a report; without `confronto`, the latest earlier year of the source.

    Raises:
        AnalisiError: a year is not in the source, or there is none before `anno`.
    """
    fonte.require_year(anno)
    before = fonte.year_before(anno) if confronto is None else confronto
    fonte.require_year(before, "confronto")
    return Contesto(fonte, anno, before)


def ordered(frame: pl.DataFrame, ctx: Contesto) -> pl.DataFrame:
    """Rows by year, then provincia and procedura as in the printed tables, totals last."""
    order = {"provincia": [*ctx.territorio.sigle, ctx.territorio.totale], "procedura": [*(p.procedura for p in procedure()), TOTALE]}
    keys = [pl.col("anno")] if "anno" in frame.columns else []
    keys += [
        pl.col(name).replace_strict(values, range(len(values)), return_dtype=pl.Int64)
        for name, values in order.items()
        if name in frame.columns
    ]
    return frame.sort(keys)


def page_header(ctx: Contesto, profilo: str, data_edizione: str = "") -> Block:
    """The page's second line: years and territory; the profile, and the edition's date if one is given."""
    tags = [f"Profilo {profilo}"] + ([f"Edizione del {data_edizione}"] if data_edizione else [])
    subtitle = f"Anno {ctx.anno} a confronto con il {ctx.confronto} · {ctx.territorio.nome}"
    return header(subtitle=subtitle, owner=ctx.territorio.ente, tags=tags, synthetic=ctx.fonte.sintetica)


def key_figures(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """Cards: workers in all, per procedura, units, and the activation of PAL where the source has it."""
    region = {r["procedura"]: r for r in confronto.filter(pl.col("provincia") == ctx.territorio.totale).iter_rows(named=True)}

    def card(label: str, code: str, base: str = "lavoratori") -> tuple[str, str, str]:
        row = region[code]
        detail = f" ({prose.percent(row, base)})" if prose.percent(row, base) else ""
        short = "unita" if base == "unita_produttive" else base
        change = number(row[f"variazione_{short}"], "intero_segno") or "n.d."
        return label, number(row[base]) or "n.d.", f"{change}{detail} sul {ctx.confronto}"

    items = [card("Lavoratori coinvolti", TOTALE), card("Unità produttive", TOTALE, "unita_produttive")]
    items += [card(f"Lavoratori in {p.etichetta}", p.procedura) for p in procedure()]
    for r in ctx.fonte.attivazione.filter(pl.col("anno") == ctx.anno).iter_rows(named=True):
        rate = f"{r['quota_attivati_pct']}%{' circa' if r['approssimata'] == 'sì' else ''}"
        items.append(("PAL attivate", rate, f"su {number(r['lavoratori_base'])} lavoratori sospesi"))
    return cards(items)


def printed_table(tavola: pl.DataFrame, ctx: Contesto, anno: int) -> Block:
    """The table of one year as the source prints it: same rows, order, headings and rounding."""
    wide = pl.DataFrame({"provincia": [*ctx.territorio.sigle, ctx.territorio.totale]})
    columns = [Col("provincia", ctx.territorio.intestazione)]
    year = tavola.filter(pl.col("anno") == anno)
    for p in procedure():
        part = year.filter(pl.col("procedura") == p.procedura).drop("anno", "procedura")
        part = part.with_columns(pl.col("peso_unita", "peso_lavoratori").fill_null(0.0))
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
                Col(f"{p.procedura}.{weight}", WEIGHT_LABEL, "peso", p.titolo_stampa),
            ]
    total = year.filter(pl.col("procedura") == TOTALE).select("provincia", totale="lavoratori")
    wide = wide.join(total, on="provincia", how="left", maintain_order="left")
    notes = [
        INVOLVEMENTS,
        "Pesi arrotondati a un decimale (metà verso l'alto): una colonna può sommare a 99,9 o a 100,1.",
        "Cella vuota: la fonte non riporta il dato; come nella fonte, il suo peso è scritto 0,0.",
    ]
    return table(
        wide, [*columns, Col("totale", "Totale lavoratori coinvolti", "intero")], title=f"Casi gestiti in forma coordinata con il livello territoriale, anno {anno}",
        name=f"Tavola {anno}", totals=1, notes=notes, source=ctx.source, data="tavola_provinciale",
    )  # fmt: skip


def _named(frame: pl.DataFrame, ctx: Contesto) -> pl.DataFrame:
    """Rows in printed order with the names of provincia and procedura for people, and "n.c." for per cents of base zero."""
    named = ordered(frame, ctx).with_columns(
        luogo=pl.col("provincia").replace_strict(ctx.territorio.nomi), voce=pl.col("procedura").replace_strict(procedura_labels())
    )
    return named


def _percent_text(confronto: pl.DataFrame) -> pl.DataFrame:
    """The per cent change of workers as text for people: Italian, "n.c." from base zero, blank if unknown."""
    texts = [
        NOT_COMPUTABLE
        if row["lavoratori_confronto"] == 0 and row["lavoratori"] is not None
        else number(row["variazione_lavoratori_pct"], "decimale_segno")
        for row in confronto.iter_rows(named=True)
    ]
    return confronto.with_columns(pl.Series("variazione_pct_testo", texts, dtype=pl.String))


def _changes(confronto: pl.DataFrame, ctx: Contesto, *extra: Col, title: str) -> Block:
    """Table behind the figures of change: every procedura and provincia, workers of the two years and their change."""
    rows = _percent_text(_named(confronto, ctx))
    columns = [
        Col("luogo", ctx.territorio.singolare.capitalize()), Col("voce", "Procedura"),
        Col("lavoratori_confronto", f"Lavoratori {ctx.confronto}", "intero"), Col("lavoratori", f"Lavoratori {ctx.anno}", "intero"),
        Col("variazione_lavoratori", "Variazione", "intero_segno"), *extra,
    ]  # fmt: skip
    return table(rows, columns, title=title, notes=[NO_BASE], data="confronto_provinciale")


def comparison_table(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """Workers of the two years by provincia over all procedures: change, contribution, weight and rank."""
    rows = _percent_text(_named(confronto.filter(pl.col("procedura") == TOTALE), ctx))
    columns = [
        Col("luogo", ctx.territorio.singolare.capitalize()),
        Col("lavoratori_confronto", str(ctx.confronto), "intero", "Lavoratori coinvolti"), Col("lavoratori", str(ctx.anno), "intero", "Lavoratori coinvolti"),
        Col("variazione_lavoratori", "Assoluta", "intero_segno", "Variazione"), Col("variazione_pct_testo", "%", "decimale_segno", "Variazione"),
        Col("contributo_pp", "Contributo (punti)", "decimale_segno", "Variazione"),
        Col("peso_lavoratori", f"Peso % {ctx.anno}", "decimale", "Peso e posizione"), Col("variazione_peso_pp", "Var. peso (punti)", "decimale_segno", "Peso e posizione"),
        Col("posizione", f"Posto {ctx.anno}", "intero", "Peso e posizione"), Col("posizione_confronto", f"Posto {ctx.confronto}", "intero", "Peso e posizione"),
    ]  # fmt: skip
    title = f"Lavoratori coinvolti per {ctx.territorio.singolare}, tutte le procedure, {ctx.confronto} e {ctx.anno}"
    return table(
        rows,
        columns,
        title=title,
        name="Confronto",
        totals=1,
        notes=[NO_BASE, INVOLVEMENTS],
        source=ctx.source,
        data="confronto_provinciale",
    )


def contributions_figure(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """Where the region's change comes from."""
    t = ctx.territorio
    return figure(
        charts.contributions(confronto, t),
        _changes(confronto, ctx, Col("variazione_pct_testo", "Variazione %", "decimale_segno"), Col("contributo_pp", "Contributo (punti)", "decimale_segno"), title="Variazioni e contributi"),
        title=f"Contributo di ogni {t.singolare} alla variazione regionale dei lavoratori, {ctx.confronto}-{ctx.anno}",
        subtitle=prose.extremes(confronto, t),
        alt=f"Barre orizzontali per {t.singolare}, in punti percentuali, una serie per procedura e una per il totale. {_plain(prose.extremes(confronto, t))}",
        source=ctx.source,
        legend=[(theme.UP, "spinge in alto"), (theme.DOWN, "spinge in basso")],
        note="I contributi di una colonna sommano alla variazione percentuale della regione, salvo le celle vuote nella fonte (n.d.). Ogni riquadro ha la sua scala.",
    )  # fmt: skip


def dumbbell_figure(confronto: pl.DataFrame, ctx: Contesto) -> Block:
    """From which number to which, provincia by provincia."""
    t = ctx.territorio
    moved = confronto.filter((pl.col("procedura") == TOTALE) & (pl.col("provincia") != t.totale)).drop_nulls("variazione_lavoratori")
    up, down = (moved["variazione_lavoratori"] > 0).sum(), (moved["variazione_lavoratori"] < 0).sum()
    what = f"Nel complesso delle procedure i lavoratori sono di più in **{up}** {t.plurale} e di meno in **{down}**, su {len(t.province)}."
    return figure(
        charts.dumbbells(confronto, t, ctx.years),
        _changes(confronto, ctx, title="Lavoratori nei due anni"),
        title=f"Lavoratori coinvolti per {t.singolare}: dal {ctx.confronto} al {ctx.anno}",
        subtitle=what,
        alt=f"Per ogni {t.singolare} due punti uniti da una linea, uno per anno, in riquadri per procedura. {_plain(what)}",
        source=ctx.source,
        legend=[(theme.BEFORE, str(ctx.confronto)), (theme.UP, str(ctx.anno))],
        note="Ogni riquadro ha la sua scala. n.d.: cella vuota nella fonte.",
    )


def map_figure(confronto: pl.DataFrame, ctx: Contesto) -> Block | None:
    """Where on the map; None for a territory without tile positions."""
    t = ctx.territorio
    panels = charts.tiles(confronto, t)
    if not panels:
        return None
    return figure(
        panels,
        _changes(confronto, ctx, title="Variazioni per luogo"),
        title=f"Variazione dei lavoratori coinvolti sul territorio, {ctx.confronto}-{ctx.anno}",
        subtitle=prose.extremes(confronto, t),
        alt=f"Mappa a riquadri, uno per {t.singolare}, con la variazione dei lavoratori; la tinta segue il segno e la misura. {_plain(prose.extremes(confronto, t))}",
        source=ctx.source,
        legend=[("#7DB5EB", "più lavoratori"), ("#F6A084", "meno lavoratori"), ("#F1F2F4", "nessuna variazione o n.d.")],
        note="Mappa schematica: ogni riquadro ha la stessa area, la posizione è indicativa. La tinta è relativa alla variazione più grande di ciascun riquadro.",
    )


def effects_figure(scomposizione: pl.DataFrame, confronto: pl.DataFrame, solidita: pl.DataFrame, ctx: Contesto) -> Block:
    """More cases or bigger ones."""
    t, what = (
        ctx.territorio,
        prose.more_or_bigger(confronto, scomposizione, solidita, ctx.territorio, ctx.years) or "Nessuna variazione da scomporre.",
    )
    columns = [
        Col("luogo", t.singolare.capitalize()), Col("voce", "Procedura"),
        Col("effetto_numero", "Effetto numero", "intero_segno"), Col("effetto_dimensione", "Effetto dimensione", "intero_segno"),
        Col("dimensione_confronto", f"Lavoratori per unità {ctx.confronto}", "decimale"), Col("dimensione", f"Lavoratori per unità {ctx.anno}", "decimale"),
    ]  # fmt: skip
    return figure(
        charts.effects(scomposizione, t),
        table(_named(scomposizione, ctx), columns, title="Effetto del numero e della dimensione (lavoratori)", data="scomposizione"),
        title="Più casi o casi più grandi? La variazione dei lavoratori scomposta",
        subtitle=what,
        alt=f"Barre divise in effetto del numero di unità ed effetto della loro dimensione; il rombo è la somma. {_plain(what)}",
        source=ctx.source,
        legend=[
            (theme.VIOLET, "effetto del numero di unità"),
            (theme.ORANGE, "effetto della dimensione"),
            (theme.INK, "◆ variazione complessiva"),
        ],
        note="L'effetto della regione è calcolato sui totali regionali: non è la somma di quelli provinciali. Ogni riquadro ha la sua scala.",
    )


def mix_figure(composizione: pl.DataFrame, ctx: Contesto) -> Block:
    """Which procedures make up the workers of each provincia."""
    t = ctx.territorio
    region = composizione.filter(pl.col("provincia") == t.totale)
    share = {(r["anno"], r["procedura"]): r["quota_lavoratori"] for r in region.iter_rows(named=True)}
    parts = [
        f"{p.articolo} passano dal {number(share.get((ctx.confronto, p.procedura)), 'pct') or 'n.d.'} al **{number(share.get((ctx.anno, p.procedura)), 'pct') or 'n.d.'}**"
        for p in procedure()
    ]
    what = f"Sul totale regionale dei lavoratori {'; '.join(parts)}."
    colours = (theme.BLUE, theme.ORANGE, theme.VIOLET)
    columns = [
        Col("luogo", t.singolare.capitalize()),
        Col("anno", "Anno", "anno"),
        Col("voce", "Procedura"),
        Col("lavoratori", "Lavoratori", "intero"),
        Col("quota_lavoratori", "Quota %", "decimale"),
    ]
    return figure(
        charts.shares(composizione, t, ctx.years),
        table(_named(composizione, ctx), columns, title="Composizione per procedura", data="composizione"),
        title=f"Lavoratori coinvolti per procedura: composizione nel {ctx.confronto} e nel {ctx.anno}",
        subtitle=what,
        alt=f"Barre a cento per {t.singolare} e per la regione, divise per procedura, un riquadro per anno. {_plain(what)}",
        source=ctx.source,
        legend=[(colour, p.etichetta) for colour, p in zip(colours, procedure(), strict=False)],
        note="Nelle barre, quote in percentuale arrotondate all'unità; sotto il 9% il numero non è scritto.",
    )


def concentration_table(concentrazione: pl.DataFrame, ctx: Contesto) -> Block:
    """How far the workers gather in few provinces, for each procedura and year."""
    order = {code: position for position, code in enumerate(procedura_labels())}
    rows = concentrazione.filter(pl.col("anno").is_in(ctx.years)).with_columns(voce=pl.col("procedura").replace_strict(procedura_labels()))
    rows = rows.sort(pl.col("procedura").replace_strict(order, return_dtype=pl.Int64), "anno")
    columns = [
        Col("voce", "Procedura"), Col("anno", "Anno", "anno"), Col("province", f"{ctx.territorio.plurale.capitalize()} con lavoratori", "intero"),
        Col("quota_prime", "Quota % delle prime tre", "decimale"), Col("herfindahl", "Indice di Herfindahl", "tre_decimali"),
        Col("province_equivalenti", f"{ctx.territorio.plurale.capitalize()} equivalenti", "decimale"),
    ]  # fmt: skip
    return table(rows, columns, title="Concentrazione dei lavoratori coinvolti", source=ctx.source, data="concentrazione")


def firmness_figure(solidita: pl.DataFrame, ctx: Contesto) -> Block:
    """How firm the changes of the number of units are."""
    t, what = ctx.territorio, prose.firm_sentence(solidita, ctx.territorio, ALPHA)
    columns = [
        Col("luogo", t.singolare.capitalize()), Col("voce", "Procedura"), Col("rapporto_unita", "Rapporto", "due_decimali"),
        Col("inf95", "Da", "due_decimali"), Col("sup95", "A", "due_decimali"), Col("p", "p", "tre_decimali"), Col("p_bh", "p corretto", "tre_decimali"),
    ]  # fmt: skip
    return figure(
        charts.forest(ordered(solidita, ctx), t, ALPHA),
        table(
            _named(solidita, ctx),
            columns,
            title=f"Rapporto fra le unità produttive {ctx.anno} e {ctx.confronto}, intervallo al 95%",
            data="solidita",
        ),
        title=f"Unità produttive {ctx.anno} rispetto al {ctx.confronto}: rapporto e intervallo al 95%",
        subtitle=what,
        alt=f"Per ogni {t.singolare} un punto, il rapporto fra le unità dei due anni, e una linea, il suo intervallo; la verticale tratteggiata è 1, nessun cambiamento. {_plain(what)}",
        source=ctx.source,
        legend=[(theme.GREY, "il caso può spiegare la differenza"), (theme.BLUE, "il caso difficilmente la spiega")],
        note="Scala logaritmica da 1/16 a 16: gli intervalli più ampi sono tagliati ai bordi. Manca chi non ha unità in entrambi gli anni.",
    )


def coordination_table(ctx: Contesto) -> Block:
    """The coordination tables held in the year, by type."""
    rows = ctx.fonte.coordinamento.filter(pl.col("anno") == ctx.anno).with_columns(pl.col("tipo").str.to_titlecase())
    title = f"Tavoli di coordinamento convocati nel {ctx.anno}"
    return table(
        rows, [Col("tipo", "Tipo di tavolo"), Col("tavoli", "Tavoli", "intero")], title=title, source=ctx.source, data="coordinamento"
    )


def annual_datasets(frames: dict[str, pl.DataFrame], ctx: Contesto) -> list[Block]:
    """The data files of the report, one per frame, by name; figures unrounded, weights and per cents from 0 to 100."""
    blocks = []
    for name, frame in frames.items():
        rows = ordered(frame, ctx) if {"provincia", "procedura"} & set(frame.columns) else frame
        columns = [Col(column, COLUMNS[column][0], COLUMNS[column][1]) for column in DATA[name][1:]]
        blocks.append(dataset(rows, columns, name=name, title=DATA[name][0], source=ctx.source, notes=[INVOLVEMENTS]))
    return blocks


def _plain(sentence: str) -> str:
    return sentence.replace("**", "")


# Columns of the data files: heading in the workbook, number format, what it means (docs/dizionario.md is checked against it).
COLUMNS = {
    "anno": ("Anno", "anno", "anno di riferimento"),
    "provincia": ("Provincia", "testo", "sigla della provincia della sede operativa; TOT per la regione"),
    "procedura": ("Procedura", "testo", "codice della procedura; totale per la somma delle procedure"),
    "unita_produttive": ("Unità produttive", "intero", "unità produttive coinvolte"),
    "unita_produttive_confronto": ("Unità produttive, confronto", "intero", "unità produttive nell'anno di confronto"),
    "lavoratori": ("Lavoratori", "intero", "lavoratori coinvolti (coinvolgimenti, non persone)"),
    "lavoratori_confronto": ("Lavoratori, confronto", "intero", "lavoratori nell'anno di confronto"),
    "peso_unita": ("Peso unità %", "decimale", "quota delle unità sul totale regionale della procedura, 0-100"),
    "peso_lavoratori": ("Peso lavoratori %", "decimale", "quota dei lavoratori sul totale regionale della procedura, 0-100"),
    "variazione_lavoratori": ("Variazione lavoratori", "intero_segno", "differenza dei lavoratori fra anno e confronto"),
    "variazione_lavoratori_pct": ("Variazione lavoratori %", "decimale_segno", "variazione percentuale dei lavoratori; vuota da base zero"),
    "contributo_pp": (
        "Contributo lavoratori (punti)",
        "decimale_segno",
        "variazione in punti percentuali del totale regionale di confronto",
    ),
    "variazione_peso_pp": ("Variazione peso lavoratori (punti)", "decimale_segno", "differenza del peso dei lavoratori, punti percentuali"),
    "variazione_unita": ("Variazione unità", "intero_segno", "differenza delle unità produttive fra anno e confronto"),
    "variazione_unita_pct": ("Variazione unità %", "decimale_segno", "variazione percentuale delle unità; vuota da base zero"),
    "contributo_unita_pp": (
        "Contributo unità (punti)",
        "decimale_segno",
        "variazione delle unità in punti percentuali del totale regionale",
    ),
    "variazione_peso_unita_pp": ("Variazione peso unità (punti)", "decimale_segno", "differenza del peso delle unità, punti percentuali"),
    "posizione": ("Posizione", "intero", "posto per numero di lavoratori nella procedura, 1 il più alto"),
    "posizione_confronto": ("Posizione, confronto", "intero", "posto nell'anno di confronto"),
    "effetto_numero": ("Effetto numero", "due_decimali", "lavoratori in più o in meno per il numero delle unità"),
    "effetto_dimensione": ("Effetto dimensione", "due_decimali", "lavoratori in più o in meno per la dimensione delle unità"),
    "dimensione": ("Lavoratori per unità", "due_decimali", "lavoratori per unità produttiva"),
    "dimensione_confronto": ("Lavoratori per unità, confronto", "due_decimali", "lavoratori per unità produttiva nell'anno di confronto"),
    "rapporto_unita": ("Rapporto unità", "due_decimali", "unità produttive dell'anno divise per quelle del confronto"),
    "inf95": ("Inferiore 95%", "due_decimali", "estremo inferiore dell'intervallo al 95%"),
    "sup95": ("Superiore 95%", "due_decimali", "estremo superiore dell'intervallo al 95%; vuoto se senza limite"),
    "p": ("p", "tre_decimali", "probabilità di una differenza almeno così grande per caso"),
    "p_bh": ("p corretto", "tre_decimali", "p corretto per il confronto di più province (Benjamini e Hochberg); vuoto per la regione"),
    "quota_lavoratori": ("Quota lavoratori %", "decimale", "quota dei lavoratori della provincia in quella procedura, 0-100"),
    "province": ("Province con lavoratori", "intero", "province con almeno un lavoratore"),
    "quota_prime": ("Quota delle prime tre %", "decimale", "quota dei lavoratori nelle prime tre province, 0-100"),
    "herfindahl": ("Indice di Herfindahl", "tre_decimali", "somma dei quadrati delle quote, fino a 1"),
    "province_equivalenti": ("Province equivalenti", "due_decimali", "inverso dell'indice di Herfindahl"),
    "lavoratori_base": ("Lavoratori della base", "intero", "lavoratori sospesi su cui è calcolata la quota"),
    "quota_attivati_pct": ("Quota con PAL attivata %", "intero", "quota della base con PAL attivata, come stampata, 0-100"),
    "approssimata": ("Approssimata", "testo", "sì se la fonte scrive «circa»"),
    "tipo": ("Tipo di tavolo", "testo", "regionale o bilaterale"),
    "tavoli": ("Tavoli", "intero", "tavoli convocati nell'anno"),
    "fonte": ("Fonte", "testo", "dove la cifra è stampata"),
}
# Data files: title, then the columns.
DATA = {
    "tavola_provinciale": (
        "Unità produttive e lavoratori per anno, provincia e procedura, con i pesi sulla regione",
        "anno", "provincia", "procedura", "unita_produttive", "peso_unita", "lavoratori", "peso_lavoratori",
    ),
    "confronto_provinciale": (
        "Confronto fra i due anni per provincia e procedura",
        "provincia", "procedura", "unita_produttive", "unita_produttive_confronto", "lavoratori", "lavoratori_confronto",
        "variazione_lavoratori", "variazione_lavoratori_pct", "contributo_pp", "peso_lavoratori", "variazione_peso_pp",
        "variazione_unita", "variazione_unita_pct", "contributo_unita_pp", "peso_unita", "variazione_peso_unita_pp",
        "posizione", "posizione_confronto",
    ),
    "scomposizione": (
        "Variazione dei lavoratori: effetto del numero e della dimensione delle unità",
        "provincia", "procedura", "effetto_numero", "effetto_dimensione", "dimensione", "dimensione_confronto",
    ),
    "solidita": ("Rapporto fra le unità produttive dei due anni, con intervallo e p", "provincia", "procedura", "rapporto_unita", "inf95", "sup95", "p", "p_bh"),
    "composizione": ("Lavoratori per procedura in ogni provincia", "anno", "provincia", "procedura", "lavoratori", "quota_lavoratori"),
    "concentrazione": ("Concentrazione dei lavoratori fra le province", "anno", "procedura", "province", "quota_prime", "herfindahl", "province_equivalenti"),
    "attivazione_pal": ("Attivazione delle PAL come stampata dalla fonte", "anno", "procedura", "lavoratori_base", "quota_attivati_pct", "approssimata", "fonte"),
    "coordinamento": ("Tavoli di coordinamento", "anno", "tipo", "tavoli", "fonte"),
}  # fmt: skip
