/* Arrows, letters and Enter belong to the field that has them: unless stopped here, JupyterLab takes them to move among cells, or delete them. */
function trattieni(evento) {
  if (!evento.ctrlKey && !evento.metaKey && !evento.altKey && evento.key !== "Escape") evento.stopPropagation();
}

function render({ el }) {
  el.style.minHeight = "1px";
  const attesa = new ResizeObserver(() => { // the page has its place only after this function
    const banco = el.closest(".tastiera-propria");
    if (!banco) return;
    attesa.disconnect();
    banco.addEventListener("keydown", trattieni);
  });
  attesa.observe(el);
}

export default { render };
