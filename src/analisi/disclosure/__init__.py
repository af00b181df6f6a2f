"""What may leave: which cells of the published tables are hidden, and what whoever reads everything together can still find out.

A table is declared once (`tavole`), its cells and totals are built from the true rows (`celle`), one place decides (`protezione`), and
everything that is published reads it from there:

    DIMS = {"anno": "", "provincia": "TOT", "procedura": "totale"}
    TAVOLA = Tavola("casi_gestiti", DIMS, {"unita_produttive": cella("unita_produttive"), "lavoratori": cella("lavoratori"),
        "peso_lavoratori": rapporto(cella("lavoratori"), cella("lavoratori", provincia="TOT"), scala=100)})
    sistema = cells(casi, "casi_gestiti", DIMS, ["unita_produttive", "lavoratori"], lavoratori="lavoratori", sedi="unita_produttive")
    protezione = protect(sistema, read_rules())
    tavola = protezione.mask(provincial_table(casi), TAVOLA)  # hidden: blank, and "*" in `lavoratori_segno`
    confronto = compare_years(tavola, anno, prima)  # what is computed from a hidden number is blank by itself
    protezione.raise_if_exposed()  # before anything leaves
    found = audit_published({"tavola": read_back}, {"tavola": TAVOLA}, protezione)  # the same verdict, from the files
    require_safe(found)
"""
